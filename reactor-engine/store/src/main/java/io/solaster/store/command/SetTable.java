package io.solaster.store.command;

import io.solaster.store.command.algebra.SetAlgebra;
import io.solaster.store.command.algebra.SetMove;
import io.solaster.store.command.collection.SetCommands;
import io.solaster.store.shard.Command.Keys;

/** The commands on sets. */
final class SetTable {
    private static final String SOME = "O(N) in the number of members named";
    private static final String ANSWERED = "O(N) in the number of members answered";

    private static final String ALL = "O(N) in the number of members of all of them";

    private SetTable() {}

    static void write(CommandEntries to) {
        to.entry("sadd", -3, "write denyoom fast", SetCommands::sadd).key("RW insert")
                .doc("set", "1.0.0", SOME, "Adds members to a set.", "key member...");
        to.entry("srem", -3, "write fast", SetCommands::srem).key("RW delete")
                .doc("set", "1.0.0", SOME, "Removes members of a set.", "key member...");
        to.entry("sismember", 3, "readonly fast", SetCommands::sismember).key("RO")
                .doc("set", "1.0.0", "O(1)", "Whether a set has a member.", "key member");
        to.entry("smismember", -3, "readonly fast", SetCommands::smismember).key("RO access")
                .doc("set", "6.2.0", SOME, "Which of some members a set has.", "key member...");
        to.entry("smembers", 2, "readonly", SetCommands::smembers).key("RO access")
                .tips("nondeterministic_output_order")
                .doc("set", "1.0.0", "O(N) in the number of members", "All members of a set.", "key");
        to.entry("scard", 2, "readonly fast", SetCommands::scard).key("RO")
                .doc("set", "1.0.0", "O(1)", "How many members a set has.", "key");
        to.entry("spop", -2, "write fast", SetCommands::spop).key("RW access delete").tips("nondeterministic_output")
                .doc("set", "1.0.0", ANSWERED, "Removes members of a set by chance, and answers them.", "key [count]");
        to.entry("srandmember", -2, "readonly", SetCommands::srandmember).key("RO access")
                .tips("nondeterministic_output")
                .doc("set", "1.0.0", ANSWERED, "Members of a set, by chance.", "key [count]");
        to.entry("sinter", -2, "readonly", SetAlgebra.SINTER::run).keys(-1, 1, SetAlgebra.SINTER, "RO access")
                .tips("nondeterministic_output_order")
                .doc("set", "1.0.0", "O(N*M) with the smallest set's size N and M sets",
                        "The members that some sets have in common.", "key...");
        to.entry("sintercard", -3, "readonly movablekeys", SetAlgebra.SINTERCARD::run)
                .keys(0, 0, 0, Keys.counted(1), SetAlgebra.SINTERCARD, "RO access")
                .doc("set", "7.0.0", "O(N*M) with the smallest set's size N and M sets",
                        "How many members some sets have in common.", "numkeys key... [LIMIT limit]");
        to.entry("sinterstore", -3, "write denyoom", SetAlgebra.SINTERSTORE::run)
                .keys(-1, 1, SetAlgebra.SINTERSTORE, "RW update | RO access")
                .doc("set", "1.0.0", "O(N*M) with the smallest set's size N and M sets",
                        "Makes a set of the members that some sets have in common.", "destination key...");
        to.entry("sunion", -2, "readonly", SetAlgebra.SUNION::run).keys(-1, 1, SetAlgebra.SUNION, "RO access")
                .tips("nondeterministic_output_order")
                .doc("set", "1.0.0", ALL, "The members of some sets.", "key...");
        to.entry("sunionstore", -3, "write denyoom", SetAlgebra.SUNIONSTORE::run)
                .keys(-1, 1, SetAlgebra.SUNIONSTORE, "OW update | RO access")
                .doc("set", "1.0.0", ALL, "Makes a set of the members of some sets.", "destination key...");
        to.entry("sdiff", -2, "readonly", SetAlgebra.SDIFF::run).keys(-1, 1, SetAlgebra.SDIFF, "RO access")
                .tips("nondeterministic_output_order")
                .doc("set", "1.0.0", ALL, "The members of a set that others do not have.", "key...");
        to.entry("sdiffstore", -3, "write denyoom", SetAlgebra.SDIFFSTORE::run)
                .keys(-1, 1, SetAlgebra.SDIFFSTORE, "OW update | RO access")
                .doc("set", "1.0.0", ALL, "Makes a set of the members of a set that others do not have.",
                        "destination key...");
        to.entry("smove", 4, "write fast", SetMove::smove)
                .keys(2, 1, SetMove.SMOVE, "RW access delete | RW insert")
                .doc("set", "1.0.0", "O(1)", "Moves a member from one set to another.", "source destination member");
        to.entry("sscan", -3, "readonly", SetCommands::sscan).key("RO access").tips("nondeterministic_output")
                .doc("set", "2.8.0", "O(1) for a call, O(N) in the number of members for all of them",
                        "The members of a set, a few at each call.", "key cursor [MATCH pattern] [COUNT count]");
    }
}
