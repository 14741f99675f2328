package io.solaster.store.command;

/** The commands by which several others become one step. */
final class TransactionTable {
    private TransactionTable() {}

    static void write(CommandEntries to) {
        to.entry("multi", 1, "noscript loading stale fast allow_busy",
                call -> call.client().multi().multi(call.reply()))
                .doc("transactions", "1.2.0", "O(1)", "Begins to keep commands, which EXEC runs as one step.", "");
        to.entry("exec", 1, "noscript loading stale skip_slowlog", call -> call.client().multi().exec(call.reply()))
                .doc("transactions", "1.2.0", "Depends on the commands", "Runs all commands since MULTI as one step.",
                        "");
        to.entry("discard", 1, "noscript loading stale fast allow_busy",
                call -> call.client().multi().discard(call.reply()))
                .doc("transactions", "2.0.0", "O(N) in the number of commands", "Forgets all commands since MULTI.",
                        "");
        to.entry("watch", -2, "noscript loading stale fast allow_busy", call -> call.client().multi().watch(call))
                .onConnection("RO")
                .doc("transactions", "2.2.0", "O(1) for each key",
                        "Has EXEC do nothing if one of the keys changes before.", "key...");
        to.entry("unwatch", 1, "noscript loading stale fast allow_busy",
                call -> call.client().multi().unwatch(call.reply()))
                .doc("transactions", "2.2.0", "O(1)", "Forgets what WATCH has named.", "");
    }
}
