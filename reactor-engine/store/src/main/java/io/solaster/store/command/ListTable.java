package io.solaster.store.command;

import io.solaster.store.command.collection.FirstOfKeys;
import io.solaster.store.command.collection.ListCommands;
import io.solaster.store.command.collection.ListMoves;
import io.solaster.store.shard.Command.Keys;

/** The commands on lists. */
final class ListTable {
    private ListTable() {}

    static void write(CommandEntries to) {
        to.entry("lpush", -3, "write denyoom fast", ListCommands::lpush).key("RW insert")
                .doc("list", "1.0.0", "O(1) for each element", "Inserts elements before a list, one after the other.",
                        "key element...");
        to.entry("rpush", -3, "write denyoom fast", ListCommands::rpush).key("RW insert")
                .doc("list", "1.0.0", "O(1) for each element", "Inserts elements behind a list.", "key element...");
        to.entry("lpushx", -3, "write denyoom fast", ListCommands::lpushx).key("RW insert")
                .doc("list", "2.2.0", "O(1) for each element", "As LPUSH, if the list is there.", "key element...");
        to.entry("rpushx", -3, "write denyoom fast", ListCommands::rpushx).key("RW insert")
                .doc("list", "2.2.0", "O(1) for each element", "As RPUSH, if the list is there.", "key element...");
        to.entry("lpop", -2, "write fast", ListCommands::lpop).key("RW access delete")
                .doc("list", "1.0.0", "O(N) in the number of elements answered",
                        "Removes the first elements of a list and answers them.", "key [count]");
        to.entry("rpop", -2, "write fast", ListCommands::rpop).key("RW access delete")
                .doc("list", "1.0.0", "O(N) in the number of elements answered",
                        "Removes the last elements of a list and answers them.", "key [count]");
        to.entry("llen", 2, "readonly fast", ListCommands::llen).key("RO")
                .doc("list", "1.0.0", "O(1)", "How many elements a list has.", "key");
        to.entry("lindex", 3, "readonly", ListCommands::lindex).key("RO access")
                .doc("list", "1.0.0", "O(N) in the distance from the nearer end, by nodes of many elements",
                        "The element at an index.", "key index");
        to.entry("lset", 4, "write denyoom", ListCommands::lset).key("RW update")
                .doc("list", "1.0.0", "O(N) in the distance from the nearer end, by nodes of many elements",
                        "Puts an element in the place of the one at an index.", "key index element");
        to.entry("linsert", 5, "write denyoom", ListCommands::linsert).key("RW insert")
                .doc("list", "2.2.0", "O(N) in the elements before the pivot",
                        "Inserts an element before or behind another.", "key [BEFORE|AFTER] pivot element");
        to.entry("lrem", 4, "write", ListCommands::lrem).key("RW delete")
                .doc("list", "1.0.0", "O(N) in the length of the list", "Removes elements that equal one.",
                        "key count element");
        to.entry("ltrim", 4, "write", ListCommands::ltrim).key("RW delete")
                .doc("list", "1.0.0", "O(N) in the elements removed, by nodes of many elements",
                        "Removes all elements but a range.", "key start stop");
        to.entry("lrange", 4, "readonly", ListCommands::lrange).key("RO access")
                .doc("list", "1.0.0", "O(S+N): S the distance from the nearer end, N the elements answered",
                        "A range of elements.", "key start stop");
        to.entry("lpos", -3, "readonly", ListCommands::lpos).key("RO access")
                .doc("list", "6.0.6", "O(N) in the length of the list", "Where an element is.",
                        "key element [RANK rank] [COUNT num-matches] [MAXLEN len]");
        to.entry("lmove", 5, "write denyoom", ListMoves::lmove)
                .keys(2, 1, ListMoves.LMOVE, "RW access delete | RW insert")
                .doc("list", "6.2.0", "O(1)", "Moves an element from an end of one list to an end of another.",
                        "source destination [LEFT|RIGHT] [LEFT|RIGHT]");
        to.entry("rpoplpush", 3, "write denyoom", ListMoves::rpoplpush)
                .keys(2, 1, ListMoves.RPOPLPUSH, "RW access delete | RW insert")
                .doc("list", "1.2.0", "O(1)", "Moves the last element of one list before all of another.",
                        "source destination");
        to.entry("lmpop", -4, "write movablekeys", FirstOfKeys::lmpop)
                .keys(0, 0, 0, Keys.counted(1), FirstOfKeys.LMPOP, "RW access delete")
                .doc("list", "7.0.0", "O(N+M): N keys, M elements answered",
                        "Removes elements of the first of some lists that is there, and answers them.",
                        "numkeys key... [LEFT|RIGHT] [COUNT count]");
        to.entry("blpop", -3, "write noscript blocking", FirstOfKeys::blpop)
                .keys(1, -2, 1, null, FirstOfKeys.BLPOP, "RW access delete")
                .doc("list", "2.0.0", "O(N) in the number of keys",
                        "Removes the first element of the first of some lists that is there, or waits for one.",
                        "key... timeout");
        to.entry("brpop", -3, "write noscript blocking", FirstOfKeys::brpop)
                .keys(1, -2, 1, null, FirstOfKeys.BRPOP, "RW access delete")
                .doc("list", "2.0.0", "O(N) in the number of keys",
                        "Removes the last element of the first of some lists that is there, or waits for one.",
                        "key... timeout");
        to.entry("blmpop", -5, "write blocking movablekeys", FirstOfKeys::blmpop)
                .keys(0, 0, 0, Keys.counted(2), FirstOfKeys.BLMPOP, "RW access delete")
                .doc("list", "7.0.0", "O(N+M): N keys, M elements answered",
                        "Removes elements of the first of some lists that is there, or waits for one.",
                        "timeout numkeys key... [LEFT|RIGHT] [COUNT count]");
        to.entry("blmove", 6, "write denyoom noscript blocking", ListMoves::blmove)
                .keys(2, 1, ListMoves.BLMOVE, "RW access delete | RW insert")
                .doc("list", "6.2.0", "O(1)",
                        "Moves an element from an end of one list to an end of another, or waits for one.",
                        "source destination [LEFT|RIGHT] [LEFT|RIGHT] timeout");
        to.entry("brpoplpush", 4, "write denyoom noscript blocking", ListMoves::brpoplpush)
                .keys(2, 1, ListMoves.BRPOPLPUSH, "RW access delete | RW insert")
                .doc("list", "2.2.0", "O(1)",
                        "Moves the last element of one list before all of another, or waits for one.",
                        "source destination timeout");
    }
}
