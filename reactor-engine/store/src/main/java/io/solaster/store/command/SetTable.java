package io.solaster.store.command;

import io.solaster.store.command.collection.SetCommands;

/** The commands on sets. */
final class SetTable {
    private static final String SOME = "O(N) in the number of members named";
    private static final String ANSWERED = "O(N) in the number of members answered";

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
        to.entry("sscan", -3, "readonly", SetCommands::sscan).key("RO access").tips("nondeterministic_output")
                .doc("set", "2.8.0", "O(1) for a call, O(N) in the number of members for all of them",
                        "The members of a set, a few at each call.", "key cursor [MATCH pattern] [COUNT count]");
    }
}
