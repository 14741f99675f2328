package io.solaster.store.command;

import java.util.List;

import io.solaster.store.command.admin.Help;
import io.solaster.store.command.stream.ClaimCommands;
import io.solaster.store.command.stream.DeleteCommands;
import io.solaster.store.command.stream.GroupCommands;
import io.solaster.store.command.stream.InfoCommands;
import io.solaster.store.command.stream.PendingCommands;
import io.solaster.store.command.stream.ReadCommands;
import io.solaster.store.command.stream.SpreadRead;
import io.solaster.store.command.stream.StreamCommands;
import io.solaster.store.shard.Command.Keys;

/** The commands on streams. */
final class StreamTable {
    private static final List<String> GROUP_HELP = Help.of("XGROUP", """
            CREATE <key> <groupname> <id|$> [option]
                Create a new consumer group. Options are:
                * MKSTREAM
                  Create the empty stream if it does not exist.
                * ENTRIESREAD entries_read
                  Set the group's entries_read counter (internal use).
            CREATECONSUMER <key> <groupname> <consumer>
                Create a new consumer in the specified group.
            DELCONSUMER <key> <groupname> <consumer>
                Remove the specified consumer.
            DESTROY <key> <groupname>
                Remove the specified group.
            SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]
                Set the current group ID and entries_read counter.""");
    private static final List<String> INFO_HELP = Help.of("XINFO", """
            CONSUMERS <key> <groupname>
                Show consumers of <groupname>.
            GROUPS <key>
                Show the stream consumer groups.
            STREAM <key> [FULL [COUNT <count>]
                Show information about the stream.""");

    private StreamTable() {}

    static void write(CommandEntries to) {
        to.entry("xadd", -5, "write denyoom fast", StreamCommands::xadd).key("RW update")
                .tips("nondeterministic_output")
                .doc("stream", "5.0.0", "O(1) when adding, O(N) in the entries trimmed",
                        "Appends an entry to a stream.",
                        "key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [[MAXLEN|MINID] [=|~] threshold [LIMIT count]] *|id [field value]...");
        to.entry("xlen", 2, "readonly fast", StreamCommands::xlen).key("RO")
                .doc("stream", "5.0.0", "O(1)", "How many entries a stream has.", "key");
        to.entry("xrange", -4, "readonly", StreamCommands::xrange).key("RO access")
                .doc("stream", "5.0.0", "O(N) in the entries answered", "The entries of a range of ids.",
                        "key start end [COUNT count]");
        to.entry("xrevrange", -4, "readonly", StreamCommands::xrevrange).key("RO access")
                .doc("stream", "5.0.0", "O(N) in the entries answered",
                        "The entries of a range of ids, the last one first.", "key end start [COUNT count]");
        to.entry("xdel", -3, "write fast", StreamCommands::xdel).key("RW delete")
                .doc("stream", "5.0.0", "O(1) for each entry", "Deletes entries of a stream.", "key id...");
        to.entry("xtrim", -4, "write", StreamCommands::xtrim).key("RW delete").tips("nondeterministic_output")
                .doc("stream", "5.0.0", "O(N) in the entries deleted", "Deletes the first entries of a stream.",
                        "key [MAXLEN|MINID] [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]");
        to.entry("xdelex", -5, "write fast", DeleteCommands::xdelex).key("RW delete")
                .doc("stream", "8.2.0", "O(1) for each entry",
                        "Deletes entries of a stream, and says what becomes of them in its groups.",
                        "key [KEEPREF|DELREF|ACKED] IDS numids id...");
        to.entry("xackdel", -6, "write fast", DeleteCommands::xackdel).key("RW update delete")
                .doc("stream", "8.2.0", "O(1) for each entry",
                        "Has entries be pending no more, and deletes them.",
                        "key group [KEEPREF|DELREF|ACKED] IDS numids id...");
        to.entry("xsetid", -3, "write denyoom fast", StreamCommands::xsetid).key("RW update")
                .doc("stream", "5.0.0", "O(1)", "Sets the last id of a stream.",
                        "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]");
        to.entry("xread", -4, "readonly blocking movablekeys", ReadCommands::xread)
                .keys(0, 0, 0, new Keys.Shown(ReadCommands::findReadKeys, List.of("STREAMS 1 half")), SpreadRead.XREAD,
                        "RO access")
                .doc("stream", "5.0.0", "O(N) in the entries answered",
                        "The entries of some streams behind ids, or waits for one.",
                        "[COUNT count] [BLOCK milliseconds] STREAMS key... id...");
        to.entry("xreadgroup", -7, "write blocking movablekeys", ReadCommands::xreadgroup)
                .keys(0, 0, 0, new Keys.Shown(ReadCommands::findGroupKeys, List.of("STREAMS 4 half")),
                        SpreadRead.XREADGROUP, "RO access")
                .doc("stream", "5.0.0", "O(M) in the entries answered",
                        "New entries of some streams for a consumer of a group, or those pending for it, or waits for one.",
                        "GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key... id...");
        to.entry("xack", -4, "write fast", GroupCommands::xack).key("RW update")
                .doc("stream", "5.0.0", "O(1) for each entry", "Has entries be pending no more.", "key group id...");
        to.entry("xpending", -3, "readonly", PendingCommands::xpending).key("RO access")
                .tips("nondeterministic_output")
                .doc("stream", "5.0.0", "O(N) in the entries answered", "What is pending in a group.",
                        "key group [[IDLE min-idle-time] start end count [consumer]]");
        to.entry("xclaim", -6, "write fast", ClaimCommands::xclaim).key("RW update").tips("nondeterministic_output")
                .doc("stream", "5.0.0", "O(log N) for each entry", "Has entries be pending for another consumer.",
                        "key group consumer min-idle-time id... [IDLE ms] [TIME unix-time-milliseconds]"
                                + " [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]");
        to.entry("xautoclaim", -6, "write fast", ClaimCommands::xautoclaim).key("RW delete")
                .tips("nondeterministic_output")
                .doc("stream", "6.2.0", "O(1) if count is small",
                        "Has entries that have been pending for long be so for another consumer.",
                        "key group consumer min-idle-time start [COUNT count] [JUSTID]");
        to.entry("xgroup", -2, "").subcommands(
                to.sub("xgroup|create", -5, "write denyoom", GroupCommands::create).keyOfSubcommand("RW insert")
                        .doc("stream", "5.0.0", "O(1)", "Makes a group.",
                                "key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]"),
                to.sub("xgroup|setid", -5, "write", GroupCommands::setid).keyOfSubcommand("RW update")
                        .doc("stream", "5.0.0", "O(1)", "Sets the last id of a group.",
                                "key group id|$ [ENTRIESREAD entries-read]"),
                to.sub("xgroup|destroy", 4, "write", GroupCommands::destroy).keyOfSubcommand("RW delete")
                        .doc("stream", "5.0.0", "O(N) in what is pending", "Removes a group.", "key group"),
                to.sub("xgroup|createconsumer", 5, "write denyoom", GroupCommands::createconsumer)
                        .keyOfSubcommand("RW insert")
                        .doc("stream", "6.2.0", "O(1)", "Makes a consumer of a group.", "key group consumer"),
                to.sub("xgroup|delconsumer", 5, "write", GroupCommands::delconsumer).keyOfSubcommand("RW delete")
                        .doc("stream", "5.0.0", "O(N) in what is pending", "Removes a consumer of a group.",
                                "key group consumer"),
                to.sub("xgroup|help", 2, "loading stale", call -> Help.answer(call, GROUP_HELP))
                        .doc("stream", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("stream", "5.0.0", "Depends on subcommand.", "Groups of streams.", "");
        to.entry("xinfo", -2, "").subcommands(
                to.sub("xinfo|stream", -3, "readonly", InfoCommands::stream).keyOfSubcommand("RO access")
                        .doc("stream", "5.0.0", "O(1)", "What a stream is like.", "key [FULL [COUNT count]]"),
                to.sub("xinfo|groups", 3, "readonly", InfoCommands::groups).keyOfSubcommand("RO access")
                        .doc("stream", "5.0.0", "O(N) in the groups", "The groups of a stream.", "key"),
                to.sub("xinfo|consumers", 4, "readonly", InfoCommands::consumers).keyOfSubcommand("RO access")
                        .tips("nondeterministic_output")
                        .doc("stream", "5.0.0", "O(N) in the consumers", "The consumers of a group.", "key group"),
                to.sub("xinfo|help", 2, "loading stale", call -> Help.answer(call, INFO_HELP))
                        .doc("stream", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("stream", "5.0.0", "Depends on subcommand.", "What streams are like.", "");
    }
}
