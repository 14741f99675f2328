package io.solaster.store.command;

import io.solaster.store.command.admin.CommandCommands;
import io.solaster.store.command.admin.ConfigCommands;
import io.solaster.store.command.admin.DebugCommands;
import io.solaster.store.command.admin.Info;
import io.solaster.store.command.admin.MemoryCommands;
import io.solaster.store.command.admin.SaveCommands;
import io.solaster.store.command.admin.ServerCommands;
import io.solaster.store.command.admin.SlowlogCommands;

/** The commands that concern the server as a whole. */
final class ServerTable {
    private ServerTable() {}

    static void write(CommandEntries to) {
        to.entry("dbsize", 1, "readonly fast", ServerCommands::dbsize).everyShard(SpreadCommands.DBSIZE).acl("keyspace")
                .tips("request_policy:all_shards", "response_policy:agg_sum")
                .doc("server", "1.0.0", "O(1)", "How many keys the database has.", "");
        to.entry("flushdb", -1, "write", ServerCommands::flushDatabase).everyShard(SpreadCommands.FLUSHDB)
                .acl("keyspace dangerous")
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("server", "1.0.0", "O(N) in the number of keys, most of it in later turns",
                        "Removes all keys of the database.", "[ASYNC|SYNC]");
        to.entry("flushall", -1, "write", ServerCommands::flushAll).everyShard(SpreadCommands.FLUSHALL)
                .acl("keyspace dangerous")
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("server", "1.0.0", "O(N) in the memory that the keys take", "Removes all keys of all databases.",
                        "[ASYNC|SYNC]");
        to.entry("swapdb", 3, "write fast", ServerCommands::swap).everyShard(SpreadCommands.SWAPDB)
                .acl("keyspace dangerous")
                .doc("server", "4.0.0", "O(N) in the number of clients that watch keys of both, or wait for some",
                        "Gives each of two databases the other one's keys.", "index1 index2");
        to.entry("save", 1, "admin noscript no_async_loading no_multi", SaveCommands::save)
                .doc("server", "1.0.0", "O(N) in the number of keys",
                        "Writes a snapshot of all keys, and waits for its end.", "");
        to.entry("bgsave", -1, "admin noscript no_async_loading", SaveCommands::bgsave)
                .doc("server", "1.0.0", "O(1)", "Begins to write a snapshot of all keys.", "[SCHEDULE]");
        to.entry("bgrewriteaof", 1, "admin noscript no_async_loading", SaveCommands::bgrewriteaof)
                .doc("server", "1.0.0", "O(1)", "Begins to write a snapshot, by which the log is cut.", "");
        to.entry("lastsave", 1, "loading stale fast", SaveCommands::lastsave).acl("admin dangerous")
                .tips("nondeterministic_output")
                .doc("server", "1.0.0", "O(1)", "When a snapshot of all keys was written last, as Unix seconds.", "");
        to.entry("time", 1, "loading stale fast", ServerCommands::time).tips("nondeterministic_output")
                .doc("server", "2.6.0", "O(1)", "The time, in seconds and microseconds.", "");
        to.entry("info", -1, "loading stale", Info::info).acl("dangerous")
                .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
                .doc("server", "1.0.0", "O(1)", "What the server counts and knows of itself.", "[section...]");

        to.entry("config", -2, "").subcommands(
                to.sub("config|get", -3, "admin noscript loading stale", ConfigCommands::get)
                        .doc("server", "2.0.0", "O(N) in the number of patterns", "The values of parameters.",
                                "pattern..."),
                to.sub("config|set", -4, "admin noscript loading stale", ConfigCommands::set)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("server", "2.0.0", "O(N) in the number of parameters", "Sets parameters.",
                                "{parameter value}..."),
                to.sub("config|resetstat", 2, "admin noscript loading stale", ConfigCommands::resetStat)
                        .doc("server", "2.0.0", "O(1)", "Lets INFO count from zero again.", ""),
                to.sub("config|rewrite", 2, "admin noscript loading stale", ConfigCommands::rewrite)
                        .doc("server", "2.8.0", "O(1)", "Refused: there is no file to write to.", ""),
                to.sub("config|help", 2, "loading stale", ConfigCommands::help)
                        .doc("server", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.0.0", "Depends on the subcommand", "Parameters of the server.", "");

        to.entry("monitor", 1, "admin noscript loading stale", ServerCommands::monitor)
                .doc("server", "1.0.0", "O(1)", "Tells this connection of every command that is run.", "");
        to.entry("slowlog", -2, "").subcommands(
                to.sub("slowlog|get", -2, "admin loading stale", SlowlogCommands::get)
                        .tips("request_policy:all_nodes", "nondeterministic_output")
                        .doc("server", "2.2.12", "O(N) in the number of entries", "The commands that took long.",
                                "[count]"),
                to.sub("slowlog|len", 2, "admin loading stale", SlowlogCommands::len)
                        .tips("request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output")
                        .doc("server", "2.2.12", "O(1)", "How many commands that took long are known.", ""),
                to.sub("slowlog|reset", 2, "admin loading stale", SlowlogCommands::reset)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("server", "2.2.12", "O(N) in the number of entries",
                                "Forgets the commands that took long.",
                                ""),
                to.sub("slowlog|help", 2, "loading stale", SlowlogCommands::help)
                        .doc("server", "6.2.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.2.12", "Depends on the subcommand", "Commands that took long.", "");
        AdminTable.write(to);
        to.entry("debug", -2, "admin noscript loading stale", DebugCommands::debug)
                .doc("server", "1.0.0", "Depends on the subcommand", "For tests; off unless configured.",
                        "subcommand [arg...]");
        to.entry("lolwut", -1, "readonly fast", ServerCommands::lolwut)
                .doc("server", "5.0.0", "O(1)", "Draws something.", "[VERSION version]");

        String[] gathered = {"nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
        to.entry("memory", -2, "").subcommands(
                to.sub("memory|usage", -3, "readonly", ObjectCommands::usage).keyOfSubcommand("RO")
                        .doc("server", "4.0.0", "O(N) in the nodes of the value", "How many bytes a key takes.",
                                "key [SAMPLES count]"),
                to.sub("memory|stats", 2, "", MemoryCommands::stats).tips(gathered)
                        .doc("server", "4.0.0", "O(1)", "What takes memory.", ""),
                to.sub("memory|doctor", 2, "", MemoryCommands::doctor).tips(gathered)
                        .doc("server", "4.0.0", "O(1)", "Whether something is wrong with the memory.", ""),
                to.sub("memory|malloc-stats", 2, "", MemoryCommands::mallocStats).tips(gathered)
                        .doc("server", "4.0.0", "O(1)", "What each shard has taken from the system.", ""),
                to.sub("memory|purge", 2, "", MemoryCommands::purge)
                        .tips("request_policy:all_shards", "response_policy:all_succeeded")
                        .doc("server", "4.0.0", "O(1)", "Gives back memory that is not needed.", ""),
                to.sub("memory|help", 2, "loading stale", ObjectCommands::memoryHelp)
                        .doc("server", "4.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "4.0.0", "Depends on the subcommand", "What keys take of memory.", "");

        to.entry("command", -1, "loading stale", CommandCommands::command).acl("connection")
                .tips("nondeterministic_output_order").subcommands(
                        to.sub("command|count", 2, "loading stale", CommandCommands::count).acl("connection")
                                .doc("server", "2.8.13", "O(1)", "How many commands there are.", ""),
                        to.sub("command|info", -2, "loading stale", CommandCommands::info).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "2.8.13", "O(N) in the number of commands",
                                        "How commands are called and what they touch.", "[command-name...]"),
                        to.sub("command|docs", -2, "loading stale", CommandCommands::docs).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "7.0.0", "O(N) in the number of commands", "What commands are for.",
                                        "[command-name...]"),
                        to.sub("command|list", -2, "loading stale", CommandCommands::list).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "7.0.0", "O(N) in the number of commands", "The commands' names.",
                                        "[FILTERBY MODULE module-name|FILTERBY ACLCAT category"
                                                + "|FILTERBY PATTERN pattern]"),
                        to.sub("command|getkeys", -4, "loading stale", CommandCommands::getkeys).acl("connection")
                                .doc("server", "2.8.13", "O(N) in the number of arguments",
                                        "The keys among the arguments of a command.", "command [arg...]"),
                        to.sub("command|getkeysandflags", -4, "loading stale", CommandCommands::getkeysandflags)
                                .acl("connection")
                                .doc("server", "7.0.0", "O(N) in the number of arguments",
                                        "The keys among the arguments of a command, and what it does to them.",
                                        "command [arg...]"),
                        to.sub("command|help", 2, "loading stale", CommandCommands::help).acl("connection")
                                .doc("server", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.8.13", "O(N) in the number of commands", "All commands in detail.", "");
    }
}
