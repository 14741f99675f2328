package io.solaster.store.command;

import io.solaster.store.command.admin.ClientCommands;
import io.solaster.store.command.admin.ConnectionCommands;
import io.solaster.store.command.admin.TrackingCommands;

/** The commands that concern the connection itself. */
final class ConnectionTable {
    private ConnectionTable() {}

    static void write(CommandEntries to) {
        to.entry("ping", -1, "fast", ConnectionCommands::ping)
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("connection", "1.0.0", "O(1)", "Answers PONG, or what it is given.", "[message]");
        to.entry("echo", 2, "loading stale fast", ConnectionCommands::echo)
                .doc("connection", "1.0.0", "O(1)", "Answers what it is given.", "message");
        to.entry("hello", -1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::hello)
                .doc("connection", "6.0.0", "O(1)", "Chooses the protocol, and tells of the server.",
                        "[protover] [AUTH username password] [SETNAME clientname]");
        to.entry("auth", -2, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::auth)
                .doc("connection", "1.0.0", "O(N) in the number of the user's passwords",
                        "Proves who the client is.", "[username] password");
        to.entry("quit", -1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::quit)
                .doc("connection", "1.0.0", "O(1)", "Closes the connection.", "");
        to.entry("reset", 1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::reset)
                .doc("connection", "6.2.0", "O(1)", "Makes the connection as it was when it was new.", "");
        to.entry("select", 2, "loading stale fast", ConnectionCommands::select)
                .doc("connection", "1.0.0", "O(1)", "Chooses the database of this connection.", "index");

        to.entry("client", -2, "").subcommands(
                to.sub("client|id", 2, "noscript loading stale", ClientCommands::id)
                        .doc("connection", "5.0.0", "O(1)", "The number of this connection.", ""),
                to.sub("client|info", 2, "noscript loading stale", ClientCommands::info)
                        .tips("nondeterministic_output")
                        .doc("connection", "6.2.0", "O(1)", "What CLIENT LIST says of this connection.", ""),
                to.sub("client|list", -2, "admin noscript loading stale", ClientCommands::list)
                        .tips("nondeterministic_output")
                        .doc("connection", "2.4.0", "O(N) in the number of connections",
                                "Describes the connections.",
                                "[TYPE NORMAL|TYPE MASTER|TYPE REPLICA|TYPE PUBSUB] [ID client-id...]"),
                to.sub("client|kill", -3, "admin noscript loading stale", ClientCommands::kill)
                        .doc("connection", "2.4.0", "O(N) in the number of connections", "Closes connections.",
                                "[ip:port] [ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port]"
                                        + " [SKIPME yes/no] [MAXAGE maxage]"),
                to.sub("client|getname", 2, "noscript loading stale", ClientCommands::getname)
                        .doc("connection", "2.6.9", "O(1)", "The name that this connection was given.", ""),
                to.sub("client|setname", 3, "noscript loading stale", ClientCommands::setname)
                        .doc("connection", "2.6.9", "O(1)", "Gives this connection a name.", "connection-name"),
                to.sub("client|setinfo", 4, "noscript loading stale", ClientCommands::setinfo)
                        .doc("connection", "7.2.0", "O(1)", "Notes by which library this connection is used.",
                                "[LIB-NAME libname|LIB-VER libver]"),
                to.sub("client|no-evict", 3, "admin noscript loading stale", ClientCommands::noEvict)
                        .doc("connection", "7.0.0", "O(1)", "Spares this connection when memory is short.",
                                "{ON|OFF}"),
                to.sub("client|reply", 3, "noscript loading stale", ClientCommands::reply)
                        .doc("connection", "3.2.0", "O(1)", "Says which replies this connection wants.",
                                "{ON|OFF|SKIP}"),
                to.sub("client|pause", -3, "admin noscript loading stale", ClientCommands::pause)
                        .doc("connection", "2.9.50", "O(1)",
                                "Lets the commands of all connections wait for a while.", "timeout [WRITE|ALL]"),
                to.sub("client|unpause", 2, "admin noscript loading stale", ClientCommands::unpause)
                        .doc("connection", "6.2.0", "O(N) in the number of connections that wait",
                                "Lets the commands that wait go on.", ""),
                to.sub("client|unblock", -3, "admin noscript loading stale", ClientCommands::unblock)
                        .doc("connection", "5.0.0", "O(1)", "Has a client wait no more that a command has blocked.",
                                "client-id [TIMEOUT|ERROR]"),
                to.sub("client|tracking", -3, "noscript loading stale", TrackingCommands::tracking)
                        .doc("connection", "6.0.0", "O(1); some options take more",
                                "Tells this connection of changes of keys that it has read.",
                                "{ON|OFF} [REDIRECT client-id] [PREFIX prefix...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"),
                to.sub("client|caching", 3, "noscript loading stale", TrackingCommands::caching)
                        .doc("connection", "6.0.0", "O(1)",
                                "Says whether keys are tracked that the next command reads.", "{YES|NO}"),
                to.sub("client|trackinginfo", 2, "noscript loading stale", TrackingCommands::info)
                        .doc("connection", "6.2.0", "O(1)", "How this connection tracks keys.", ""),
                to.sub("client|getredir", 2, "noscript loading stale", TrackingCommands::getredir)
                        .doc("connection", "6.0.0", "O(1)", "Which connection is told of keys that this one has read.",
                                ""),
                to.sub("client|help", 2, "loading stale", ClientCommands::help)
                        .doc("connection", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("connection", "2.4.0", "Depends on the subcommand", "Connections and what is known of them.", "");
    }
}
