package io.solaster.store.command;

import io.solaster.store.command.admin.AclCommands;
import io.solaster.store.command.admin.LatencyCommands;

/** The commands about users, and about what takes long. */
final class AdminTable {
    private AdminTable() {}

    static void write(CommandEntries to) {
        to.entry("acl", -2, "").subcommands(
                to.sub("acl|cat", -2, "noscript loading stale", AclCommands::cat)
                        .doc("server", "6.0.0", "O(1)", "The categories of commands, or the commands of one.",
                                "[category]"),
                to.sub("acl|deluser", -3, "admin noscript loading stale", AclCommands::deluser)
                        .doc("server", "6.0.0", "O(N) in the number of connections",
                                "Removes users, and ends their connections.", "username..."),
                to.sub("acl|dryrun", -4, "admin noscript loading stale", AclCommands::dryrun)
                        .doc("server", "7.0.0", "O(1)", "Whether a user may run a command.",
                                "username command [arg...]"),
                to.sub("acl|genpass", -2, "noscript loading stale", AclCommands::genpass)
                        .doc("server", "6.0.0", "O(1)", "A password by chance.", "[bits]"),
                to.sub("acl|getuser", 3, "admin noscript loading stale", AclCommands::getuser)
                        .doc("server", "6.0.0", "O(N) in the number of the user's rules", "What a user may do.",
                                "username"),
                to.sub("acl|list", 2, "admin noscript loading stale", AclCommands::list)
                        .doc("server", "6.0.0", "O(N) in the number of users", "All users, as rules.", ""),
                to.sub("acl|load", 2, "admin noscript loading stale", AclCommands::noFile)
                        .doc("server", "6.0.0", "O(1)", "Refused: there is no file of users.", ""),
                to.sub("acl|log", -2, "admin noscript loading stale", AclCommands::log)
                        .doc("server", "6.0.0", "O(N) in the number of entries", "What was refused of late.",
                                "[count|RESET]"),
                to.sub("acl|save", 2, "admin noscript loading stale", AclCommands::noFile)
                        .doc("server", "6.0.0", "O(1)", "Refused: there is no file of users.", ""),
                to.sub("acl|setuser", -3, "admin noscript loading stale", AclCommands::setuser)
                        .doc("server", "6.0.0", "O(N) in the number of rules",
                                "Makes a user, or changes what the user may do.", "username [rule...]"),
                to.sub("acl|users", 2, "admin noscript loading stale", AclCommands::users)
                        .doc("server", "6.0.0", "O(N) in the number of users", "The names of all users.", ""),
                to.sub("acl|whoami", 2, "noscript loading stale", AclCommands::whoami)
                        .doc("server", "6.0.0", "O(1)", "The name of this connection's user.", ""),
                to.sub("acl|help", 2, "loading stale", AclCommands::help)
                        .doc("server", "6.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "6.0.0", "Depends on the subcommand", "Users, and what they may do.", "");

        String[] gathered = {"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
        to.entry("latency", -2, "").subcommands(
                to.sub("latency|doctor", 2, "admin noscript loading stale", LatencyCommands::doctor).tips(gathered)
                        .doc("server", "2.8.13", "O(1)", "What took long, in words.", ""),
                to.sub("latency|graph", 3, "admin noscript loading stale", LatencyCommands::graph).tips(gathered)
                        .doc("server", "2.8.13", "O(1)", "Draws what took long.", "event"),
                to.sub("latency|histogram", -2, "admin noscript loading stale", LatencyCommands::histogram)
                        .tips(gathered)
                        .doc("server", "7.0.0", "O(N) in the number of commands", "How long commands take.",
                                "[command...]"),
                to.sub("latency|history", 3, "admin noscript loading stale", LatencyCommands::history).tips(gathered)
                        .doc("server", "2.8.13", "O(1)", "When events of one kind took long.", "event"),
                to.sub("latency|latest", 2, "admin noscript loading stale", LatencyCommands::latest).tips(gathered)
                        .doc("server", "2.8.13", "O(1)", "What took long last, and longest.", ""),
                to.sub("latency|reset", -2, "admin noscript loading stale", LatencyCommands::reset)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("server", "2.8.13", "O(1)", "Forgets what took long.", "[event...]"),
                to.sub("latency|help", 2, "loading stale", LatencyCommands::help)
                        .doc("server", "2.8.13", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.8.13", "Depends on the subcommand", "What takes long.", "");
    }
}
