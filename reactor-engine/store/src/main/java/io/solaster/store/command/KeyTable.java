package io.solaster.store.command;

import java.util.List;

import io.solaster.store.command.sort.SortCommand;
import io.solaster.store.command.value.DumpCommands;
import io.solaster.store.command.value.MoveCommands;
import io.solaster.store.command.value.RestoreCommands;
import io.solaster.store.shard.Command.Keys;

/** The commands on keys, whatever they hold. */
final class KeyTable {
    private KeyTable() {}

    static void write(CommandEntries to) {
        to.entry("del", -2, "write", KeyCommands::del).keys(-1, 1, SpreadCommands.DEL, "RM delete")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "1.0.0", "O(N) in the number of keys", "Removes keys.", "key...");
        to.entry("unlink", -2, "write fast", KeyCommands::del).keys(-1, 1, SpreadCommands.DEL, "RM delete")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "4.0.0", "O(N) in the number of keys", "Removes keys, as DEL does.", "key...");
        to.entry("exists", -2, "readonly fast", KeyCommands::exists).keys(-1, 1, SpreadCommands.EXISTS, "RO")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "1.0.0", "O(N) in the number of keys", "How many of the keys there are.", "key...");
        to.entry("touch", -2, "readonly fast", KeyCommands::touch).keys(-1, 1, SpreadCommands.TOUCH, "RO")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "3.2.1", "O(N) in the number of keys",
                        "How many of the keys there are; they count as used.", "key...");
        to.entry("rename", 3, "write", MoveCommands::rename)
                .keys(2, 1, MoveCommands.RENAME, "RW access delete | OW update")
                .doc("generic", "1.0.0", "O(N) in the length of the value where its shard changes",
                        "Gives a key another name.", "key newkey");
        to.entry("renamenx", 3, "write fast", MoveCommands::renamenx)
                .keys(2, 1, MoveCommands.RENAMENX, "RW access delete | OW insert")
                .doc("generic", "1.0.0", "O(N) in the length of the value where its shard changes",
                        "Gives a key another name that no key has.", "key newkey");
        to.entry("copy", -3, "write denyoom", MoveCommands::copy)
                .keys(2, 1, MoveCommands.COPY, "RO access | OW update")
                .doc("generic", "6.2.0", "O(N) in the length of the value", "Copies the value of a key to another.",
                        "source destination [DB destination-db] [REPLACE]");
        to.entry("move", 3, "write fast", MoveCommands::toDatabase).key("RW access update")
                .doc("generic", "1.0.0", "O(1)", "Gives a key to another database.", "key db");
        to.entry("sort", -2, "write denyoom movablekeys", SortCommand.SORT::run)
                .keys(1, 1, 1, new Keys.Shown(SortCommand.SORT.keys(), List.of("1", "", "")), SortCommand.SORT,
                        "RO access | RO access | OW update")
                .acl("set sortedset list dangerous")
                .doc("generic", "1.0.0", "O(N+M*log(M)) with N elements of which M are answered",
                        "Sorts the elements of a list, a set or a sorted set.",
                        "key [BY pattern] [LIMIT offset count] [GET pattern]... [ASC|DESC] [ALPHA] [STORE destination]");
        to.entry("sort_ro", -2, "readonly movablekeys", SortCommand.SORT_RO::run)
                .keys(1, 1, 1, new Keys.Shown(SortCommand.SORT_RO.keys(), List.of("1", "")), SortCommand.SORT_RO,
                        "RO access | RO access")
                .acl("set sortedset list dangerous")
                .doc("generic", "7.0.0", "O(N+M*log(M)) with N elements of which M are answered",
                        "Sorts the elements of a list, a set or a sorted set.",
                        "key [BY pattern] [LIMIT offset count] [GET pattern]... [ASC|DESC] [ALPHA]");
        to.entry("type", 2, "readonly fast", KeyCommands::type).key("RO")
                .doc("generic", "1.0.0", "O(1)", "What kind of value a key holds.", "key");
        to.entry("expire", -3, "write fast", KeyCommands::expire).key("RW update")
                .doc("generic", "1.0.0", "O(1)", "Lets a key expire after some seconds.",
                        "key seconds [NX|XX|GT|LT]");
        to.entry("pexpire", -3, "write fast", KeyCommands::pexpire).key("RW update")
                .doc("generic", "2.6.0", "O(1)", "Lets a key expire after some milliseconds.",
                        "key milliseconds [NX|XX|GT|LT]");
        to.entry("expireat", -3, "write fast", KeyCommands::expireat).key("RW update")
                .doc("generic", "1.2.0", "O(1)", "Lets a key expire at a second.",
                        "key unix-time-seconds [NX|XX|GT|LT]");
        to.entry("pexpireat", -3, "write fast", KeyCommands::pexpireat).key("RW update")
                .doc("generic", "2.6.0", "O(1)", "Lets a key expire at a millisecond.",
                        "key unix-time-milliseconds [NX|XX|GT|LT]");
        to.entry("ttl", 2, "readonly fast", KeyCommands::ttl).key("RO access").tips("nondeterministic_output")
                .doc("generic", "1.0.0", "O(1)", "In how many seconds a key expires.", "key");
        to.entry("pttl", 2, "readonly fast", KeyCommands::pttl).key("RO access").tips("nondeterministic_output")
                .doc("generic", "2.6.0", "O(1)", "In how many milliseconds a key expires.", "key");
        to.entry("expiretime", 2, "readonly fast", KeyCommands::expiretime).key("RO access")
                .doc("generic", "7.0.0", "O(1)", "The second at which a key expires.", "key");
        to.entry("pexpiretime", 2, "readonly fast", KeyCommands::pexpiretime).key("RO access")
                .doc("generic", "7.0.0", "O(1)", "The millisecond at which a key expires.", "key");
        to.entry("persist", 2, "write fast", KeyCommands::persist).key("RW update")
                .doc("generic", "2.2.0", "O(1)", "Lets a key not expire.", "key");
        to.entry("keys", 2, "readonly", ScanCommands::keys).acl("dangerous")
                .tips("request_policy:all_shards", "nondeterministic_output_order")
                .doc("generic", "1.0.0", "O(N) in the number of keys, a few at a time", "All keys that fit a pattern.",
                        "pattern");
        to.entry("scan", -2, "readonly", ScanCommands::scan)
                .tips("nondeterministic_output", "request_policy:special")
                .doc("generic", "2.8.0", "O(1) for a call, O(N) in the number of keys for all of them",
                        "The keys, a few at each call.", "cursor [MATCH pattern] [COUNT count] [TYPE type]");
        to.entry("randomkey", 1, "readonly", ScanCommands::randomkey)
                .tips("request_policy:all_shards", "nondeterministic_output")
                .doc("generic", "1.0.0", "O(1)", "A key by chance.", "");
        to.entry("dump", 2, "readonly", DumpCommands::dump).key(DumpCommands.DUMP, "RO access")
                .tips("nondeterministic_output")
                .doc("generic", "2.6.0", "O(N) in the length of the value",
                        "What a key holds, as RESTORE takes it, here and in Redis.", "key");
        to.entry("restore", -4, "write denyoom", RestoreCommands::restore).key(RestoreCommands.RESTORE, "OW update")
                .acl("dangerous")
                .doc("generic", "2.6.0", "O(N) in the length of the value", "Makes a key of what DUMP has answered.",
                        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]");

        to.entry("object", -2, "").subcommands(
                to.sub("object|encoding", 3, "readonly", ObjectCommands::encoding).keyOfSubcommand("RO")
                        .tips("nondeterministic_output")
                        .doc("generic", "2.2.3", "O(1)", "How the value of a key is kept.", "key"),
                to.sub("object|freq", 3, "readonly", ObjectCommands::freq).keyOfSubcommand("RO")
                        .tips("nondeterministic_output")
                        .doc("generic", "4.0.0", "O(1)", "How often a key is used.", "key"),
                to.sub("object|idletime", 3, "readonly", ObjectCommands::idletime).keyOfSubcommand("RO")
                        .tips("nondeterministic_output")
                        .doc("generic", "2.2.3", "O(1)", "For how long a key was not used.", "key"),
                to.sub("object|refcount", 3, "readonly", ObjectCommands::refcount).keyOfSubcommand("RO")
                        .tips("nondeterministic_output")
                        .doc("generic", "2.2.3", "O(1)", "How often the value of a key is used: once.", "key"),
                to.sub("object|help", 2, "loading stale", ObjectCommands::help).acl("keyspace")
                        .doc("generic", "6.2.0", "O(1)", "Describes the subcommands.", ""))
                .doc("generic", "2.2.3", "Depends on the subcommand", "How keys and values are kept.", "");
    }
}
