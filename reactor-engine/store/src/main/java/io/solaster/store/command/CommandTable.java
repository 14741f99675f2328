package io.solaster.store.command;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Argument;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Command.Body;
import io.solaster.store.shard.Command.Category;
import io.solaster.store.shard.Command.Doc;
import io.solaster.store.shard.Command.Flag;
import io.solaster.store.shard.Command.Gather;
import io.solaster.store.shard.Command.Keys;
import io.solaster.store.shard.Command.Route;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/**
 * Every command there is, an entry each. To add one: a method in one of the {@code ...Commands} classes, and an entry
 * here.
 */
public final class CommandTable {
    /** An error quotes no more of what a client sent. */
    private static final int QUOTED = 128;

    private static final List<Command> ALL = new ArrayList<>();
    private static final Map<String, Command> BY_NAME = new HashMap<>();

    /** Looked up by the first and last bytes of the name; open addressing, at most half full. */
    private static final long[] NAMES;
    private static final @Nullable Command[] COMMANDS;

    static {
        connection();
        strings();
        keys();
        server();

        for (Command command : ALL) {
            BY_NAME.put(command.name(), command);
        }
        int capacity = Integer.highestOneBit(ALL.size() * 2) * 2;
        NAMES = new long[capacity];
        COMMANDS = new Command[capacity];
        for (Command command : ALL) {
            if (command.name().indexOf('|') < 0) {
                place(command);
            }
        }
    }

    private CommandTable() {}

    private static void connection() {
        entry("ping", -1, "fast", ConnectionCommands::ping)
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("connection", "1.0.0", "O(1)", "Answers PONG, or what it is given.", "[message]");
        entry("echo", 2, "loading stale fast", ConnectionCommands::echo)
                .doc("connection", "1.0.0", "O(1)", "Answers what it is given.", "message");
        entry("hello", -1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::hello)
                .doc("connection", "6.0.0", "O(1)", "Chooses the protocol, and tells of the server.",
                        "[protover] [AUTH username password] [SETNAME clientname]");
        entry("auth", -2, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::auth)
                .doc("connection", "1.0.0", "O(N) in the number of the user's passwords",
                        "Proves who the client is.", "[username] password");
        entry("quit", -1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::quit)
                .doc("connection", "1.0.0", "O(1)", "Closes the connection.", "");
        entry("reset", 1, "noscript loading stale fast no_auth allow_busy", ConnectionCommands::reset)
                .doc("connection", "6.2.0", "O(1)", "Makes the connection as it was when it was new.", "");
        entry("select", 2, "loading stale fast", ConnectionCommands::select)
                .doc("connection", "1.0.0", "O(1)", "Chooses the database; there is only number 0.", "index");

        entry("client", -2, "").subcommands(
                sub("client|id", 2, "noscript loading stale", ClientCommands::id)
                        .doc("connection", "5.0.0", "O(1)", "The number of this connection.", ""),
                sub("client|info", 2, "noscript loading stale", ClientCommands::info)
                        .tips("nondeterministic_output")
                        .doc("connection", "6.2.0", "O(1)", "What CLIENT LIST says of this connection.", ""),
                sub("client|list", -2, "admin noscript loading stale", ClientCommands::list)
                        .tips("nondeterministic_output")
                        .doc("connection", "2.4.0", "O(N) in the number of connections",
                                "Describes the connections.",
                                "[TYPE NORMAL|TYPE MASTER|TYPE REPLICA|TYPE PUBSUB] [ID client-id...]"),
                sub("client|kill", -3, "admin noscript loading stale", ClientCommands::kill)
                        .doc("connection", "2.4.0", "O(N) in the number of connections", "Closes connections.",
                                "[ip:port] [ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port]"
                                        + " [SKIPME yes/no]"),
                sub("client|getname", 2, "noscript loading stale", ClientCommands::getname)
                        .doc("connection", "2.6.9", "O(1)", "The name that this connection was given.", ""),
                sub("client|setname", 3, "noscript loading stale", ClientCommands::setname)
                        .doc("connection", "2.6.9", "O(1)", "Gives this connection a name.", "connection-name"),
                sub("client|setinfo", 4, "noscript loading stale", ClientCommands::setinfo)
                        .doc("connection", "7.2.0", "O(1)", "Notes by which library this connection is used.",
                                "[LIB-NAME libname|LIB-VER libver]"),
                sub("client|no-evict", 3, "admin noscript loading stale", ClientCommands::noEvict)
                        .doc("connection", "7.0.0", "O(1)", "Spares this connection when memory is short.",
                                "{ON|OFF}"),
                sub("client|help", 2, "loading stale", ClientCommands::help)
                        .doc("connection", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("connection", "2.4.0", "Depends on the subcommand", "Connections and what is known of them.", "");
    }

    private static void strings() {
        entry("get", 2, "readonly fast", StringCommands::get).key("RO access")
                .doc("string", "1.0.0", "O(1)", "The value of a key.", "key");
        entry("set", -3, "write denyoom", StringCommands::set).key("RW access update variable_flags")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value.", "key value [NX|XX] [GET] [EX seconds"
                        + "|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]");
        entry("setnx", 3, "write denyoom fast", StringCommands::setnx).key("OW insert")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value if it has none.", "key value");
        entry("setex", 4, "write denyoom", StringCommands::setex).key("OW update")
                .doc("string", "2.0.0", "O(1)", "Gives a key a value for some seconds.", "key seconds value");
        entry("psetex", 4, "write denyoom", StringCommands::psetex).key("OW update")
                .doc("string", "2.6.0", "O(1)", "Gives a key a value for some milliseconds.",
                        "key milliseconds value");
        entry("getset", 3, "write denyoom fast", StringCommands::getset).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Gives a key a value and answers the one before.", "key value");
        entry("getdel", 2, "write fast", StringCommands::getdel).key("RW access delete")
                .doc("string", "6.2.0", "O(1)", "Answers the value of a key and removes the key.", "key");
        entry("getex", -2, "write fast", StringCommands::getex).key("RW access update")
                .doc("string", "6.2.0", "O(1)", "Answers the value of a key and sets when it expires.",
                        "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]");
        entry("mget", -2, "readonly fast", StringCommands::mget).keys(-1, 1, Gather.ARRAY, "RO access")
                .tips("request_policy:multi_shard")
                .doc("string", "1.0.0", "O(N) in the number of keys", "The values of some keys.", "key...");
        entry("mset", -3, "write denyoom", StringCommands::mset).keys(-1, 2, Gather.OK, "OW update")
                .tips("request_policy:multi_shard", "response_policy:all_succeeded")
                .doc("string", "1.0.1", "O(N) in the number of keys", "Gives some keys values.", "{key value}...");
        entry("incr", 2, "write denyoom fast", StringCommands::incr).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Adds one to the number that a key holds.", "key");
        entry("decr", 2, "write denyoom fast", StringCommands::decr).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Takes one from the number that a key holds.", "key");
        entry("incrby", 3, "write denyoom fast", StringCommands::incrby).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Adds to the number that a key holds.", "key increment");
        entry("decrby", 3, "write denyoom fast", StringCommands::decrby).key("RW access update")
                .doc("string", "1.0.0", "O(1)", "Takes from the number that a key holds.", "key decrement");
        entry("append", 3, "write denyoom fast", StringCommands::append).key("RW insert")
                .doc("string", "2.0.0", "O(1), amortized over many", "Adds to the end of a value.", "key value");
        entry("strlen", 2, "readonly fast", StringCommands::strlen).key("RO")
                .doc("string", "2.2.0", "O(1)", "The length of a value in bytes.", "key");
        entry("getrange", 4, "readonly", StringCommands::getrange).key("RO access")
                .doc("string", "2.4.0", "O(N) in the length of the answer", "A part of a value.", "key start end");
        entry("substr", 4, "readonly", StringCommands::getrange).key("RO access")
                .doc("string", "1.0.0", "O(N) in the length of the answer", "The old name of GETRANGE.",
                        "key start end");
        entry("setrange", 4, "write denyoom", StringCommands::setrange).key("RW update")
                .doc("string", "2.2.0", "O(N) in the length of the value", "Overwrites a part of a value.",
                        "key offset value");
    }

    private static void keys() {
        entry("del", -2, "write", KeyCommands::del).keys(-1, 1, Gather.SUM, "RM delete")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "1.0.0", "O(N) in the number of keys", "Removes keys.", "key...");
        entry("unlink", -2, "write fast", KeyCommands::del).keys(-1, 1, Gather.SUM, "RM delete")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "4.0.0", "O(N) in the number of keys", "Removes keys, as DEL does.", "key...");
        entry("exists", -2, "readonly fast", KeyCommands::exists).keys(-1, 1, Gather.SUM, "RO")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "1.0.0", "O(N) in the number of keys", "How many of the keys there are.", "key...");
        entry("touch", -2, "readonly fast", KeyCommands::exists).keys(-1, 1, Gather.SUM, "RO")
                .tips("request_policy:multi_shard", "response_policy:agg_sum")
                .doc("generic", "3.2.1", "O(N) in the number of keys",
                        "How many of the keys there are; they count as used.", "key...");
        entry("type", 2, "readonly fast", KeyCommands::type).key("RO")
                .doc("generic", "1.0.0", "O(1)", "What kind of value a key holds.", "key");
        entry("expire", -3, "write fast", KeyCommands::expire).key("RW update")
                .doc("generic", "1.0.0", "O(1)", "Lets a key expire after some seconds.",
                        "key seconds [NX|XX|GT|LT]");
        entry("pexpire", -3, "write fast", KeyCommands::pexpire).key("RW update")
                .doc("generic", "2.6.0", "O(1)", "Lets a key expire after some milliseconds.",
                        "key milliseconds [NX|XX|GT|LT]");
        entry("expireat", -3, "write fast", KeyCommands::expireat).key("RW update")
                .doc("generic", "1.2.0", "O(1)", "Lets a key expire at a second.",
                        "key unix-time-seconds [NX|XX|GT|LT]");
        entry("pexpireat", -3, "write fast", KeyCommands::pexpireat).key("RW update")
                .doc("generic", "2.6.0", "O(1)", "Lets a key expire at a millisecond.",
                        "key unix-time-milliseconds [NX|XX|GT|LT]");
        entry("ttl", 2, "readonly fast", KeyCommands::ttl).key("RO access").tips("nondeterministic_output")
                .doc("generic", "1.0.0", "O(1)", "In how many seconds a key expires.", "key");
        entry("pttl", 2, "readonly fast", KeyCommands::pttl).key("RO access").tips("nondeterministic_output")
                .doc("generic", "2.6.0", "O(1)", "In how many milliseconds a key expires.", "key");
        entry("expiretime", 2, "readonly fast", KeyCommands::expiretime).key("RO access")
                .doc("generic", "7.0.0", "O(1)", "The second at which a key expires.", "key");
        entry("pexpiretime", 2, "readonly fast", KeyCommands::pexpiretime).key("RO access")
                .doc("generic", "7.0.0", "O(1)", "The millisecond at which a key expires.", "key");
        entry("persist", 2, "write fast", KeyCommands::persist).key("RW update")
                .doc("generic", "2.2.0", "O(1)", "Lets a key not expire.", "key");
    }

    private static void server() {
        entry("dbsize", 1, "readonly fast", ServerCommands::dbsize).everyShard(Gather.SUM).acl("keyspace")
                .tips("request_policy:all_shards", "response_policy:agg_sum")
                .doc("server", "1.0.0", "O(1)", "How many keys there are.", "");
        entry("flushdb", -1, "write", ServerCommands::flush).everyShard(Gather.OK).acl("keyspace dangerous")
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("server", "1.0.0", "O(N) in the memory that the keys take", "Removes all keys.",
                        "[ASYNC|SYNC]");
        entry("flushall", -1, "write", ServerCommands::flush).everyShard(Gather.OK).acl("keyspace dangerous")
                .tips("request_policy:all_shards", "response_policy:all_succeeded")
                .doc("server", "1.0.0", "O(N) in the memory that the keys take", "Removes all keys.",
                        "[ASYNC|SYNC]");
        entry("time", 1, "loading stale fast", ServerCommands::time).tips("nondeterministic_output")
                .doc("server", "2.6.0", "O(1)", "The time, in seconds and microseconds.", "");
        entry("info", -1, "loading stale", Info::info).acl("dangerous")
                .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
                .doc("server", "1.0.0", "O(1)", "What the server counts and knows of itself.", "[section...]");

        entry("config", -2, "").subcommands(
                sub("config|get", -3, "admin noscript loading stale", ConfigCommands::get)
                        .doc("server", "2.0.0", "O(N) in the number of patterns", "The values of parameters.",
                                "pattern..."),
                sub("config|set", -4, "admin noscript loading stale", ConfigCommands::set)
                        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
                        .doc("server", "2.0.0", "O(N) in the number of parameters", "Sets parameters.",
                                "{parameter value}..."),
                sub("config|resetstat", 2, "admin noscript loading stale", ConfigCommands::resetStat)
                        .doc("server", "2.0.0", "O(1)", "Lets INFO count from zero again.", ""),
                sub("config|rewrite", 2, "admin noscript loading stale", ConfigCommands::rewrite)
                        .doc("server", "2.8.0", "O(1)", "Refused: there is no file to write to.", ""),
                sub("config|help", 2, "loading stale", ConfigCommands::help)
                        .doc("server", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.0.0", "Depends on the subcommand", "Parameters of the server.", "");

        entry("command", -1, "loading stale", CommandCommands::command).acl("connection")
                .tips("nondeterministic_output_order").subcommands(
                        sub("command|count", 2, "loading stale", CommandCommands::count).acl("connection")
                                .doc("server", "2.8.13", "O(1)", "How many commands there are.", ""),
                        sub("command|info", -2, "loading stale", CommandCommands::info).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "2.8.13", "O(N) in the number of commands",
                                        "How commands are called and what they touch.", "[command-name...]"),
                        sub("command|docs", -2, "loading stale", CommandCommands::docs).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "7.0.0", "O(N) in the number of commands", "What commands are for.",
                                        "[command-name...]"),
                        sub("command|list", -2, "loading stale", CommandCommands::list).acl("connection")
                                .tips("nondeterministic_output_order")
                                .doc("server", "7.0.0", "O(N) in the number of commands", "The commands' names.",
                                        "[FILTERBY MODULE module-name|FILTERBY ACLCAT category"
                                                + "|FILTERBY PATTERN pattern]"),
                        sub("command|getkeys", -4, "loading stale", CommandCommands::getkeys).acl("connection")
                                .doc("server", "2.8.13", "O(N) in the number of arguments",
                                        "The keys among the arguments of a command.", "command [arg...]"),
                        sub("command|getkeysandflags", -4, "loading stale", CommandCommands::getkeysandflags)
                                .acl("connection")
                                .doc("server", "7.0.0", "O(N) in the number of arguments",
                                        "The keys among the arguments of a command, and what it does to them.",
                                        "command [arg...]"),
                        sub("command|help", 2, "loading stale", CommandCommands::help).acl("connection")
                                .doc("server", "5.0.0", "O(1)", "Describes the subcommands.", ""))
                .doc("server", "2.8.13", "O(N) in the number of commands", "All commands in detail.", "");
    }

    /** A command; without keys it runs on the client's shard. {@link Entry#doc} ends it. */
    private static Entry entry(String name, int arity, String flags, Body body) {
        return new Entry(name, arity, flags, body);
    }

    /** A container of subcommands, which alone is never run. */
    private static Entry entry(String name, int arity, String flags) {
        return new Entry(name, arity, flags, call -> {
            throw new IllegalStateException(name + " needs a subcommand");
        });
    }

    private static Entry sub(String name, int arity, String flags, Body body) {
        return new Entry(name, arity, flags, body);
    }

    /** How many commands and subcommands there are. */
    public static int size() {
        return ALL.size();
    }

    /** All commands and subcommands, by their {@link Command#index}. */
    public static List<Command> all() {
        return Collections.unmodifiableList(ALL);
    }

    /** The command, or with its container the subcommand, of that name in whatever case. */
    public static @Nullable Command named(String name) {
        return BY_NAME.get(name.toLowerCase(Locale.ROOT));
    }

    /** The command that a call names; null if there is none. */
    public static @Nullable Command find(CommandCall call) {
        Command command = lookUp(call);
        return command == null || command.subcommands().isEmpty() || call.count() < 2
                ? command
                : command.subcommands().get(call.text(1).toLowerCase(Locale.ROOT));
    }

    private static @Nullable Command lookUp(CommandCall call) {
        long key = key(call.address(0), call.length(0));
        for (int at = place(key);; at = at + 1 & COMMANDS.length - 1) {
            Command command = COMMANDS[at];
            if (command == null) {
                return null;
            }
            if (NAMES[at] == key && (call.length(0) <= 8
                    ? command.name().length() == call.length(0)
                    : call.is(0, command.name()))) {
                return command;
            }
        }
    }

    /** Says why a call names no command. */
    public static void refuse(CommandCall call, ReplyWriter reply) {
        if (lookUp(call) != null) {
            reply.error("ERR unknown subcommand '" + call.word(1, QUOTED) + "'. Try "
                    + call.text(0).toUpperCase(Locale.ROOT) + " HELP.");
            return;
        }
        StringBuilder arguments = new StringBuilder();
        for (int i = 1; i < call.count() && arguments.length() < QUOTED; i++) {
            String word = call.word(i, QUOTED - arguments.length());
            arguments.append('\'').append(word).append("' ");
        }
        reply.error("ERR unknown command '" + call.word(0, QUOTED) + "', with args beginning with: " + arguments);
    }

    private static void place(Command command) {
        byte[] name = command.name().getBytes(StandardCharsets.US_ASCII);
        long block = Memory.allocate(name.length);
        Memory.copy(name, 0, block, name.length);
        long key = key(block, name.length);
        Memory.free(block);
        int at = place(key);
        while (COMMANDS[at] != null) {
            at = at + 1 & COMMANDS.length - 1;
        }
        NAMES[at] = key;
        COMMANDS[at] = command;
    }

    /** Up to 8 bytes of the name, in lower case: all of a short name, the beginning of a long one. */
    private static long key(long address, int length) {
        long bytes;
        if (length >= 8) {
            bytes = Memory.getLong(address);
        } else if (length >= 4) {
            bytes = Memory.getInt(address) & 0xffffffffL | (long) Memory.getInt(address + length - 4) << 32;
        } else if (length >= 2) {
            bytes = Memory.getShort(address) & 0xffffL | (long) Memory.getByte(address + length - 1) << 16;
        } else {
            bytes = length == 0 ? 0 : Memory.getByte(address);
        }
        return bytes | 0x2020202020202020L;
    }

    private static int place(long key) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> 40) & COMMANDS.length - 1;
    }

    /** An entry being written; {@link #doc} puts it into the table. */
    private static final class Entry {
        private final String name;
        private final int arity;
        private final Set<Flag> flags;
        private final Body body;
        private Keys keys = Keys.NONE;
        private Route route = Route.CONNECTION;
        private Gather gather = Gather.NONE;
        private String categories = "";
        private List<String> tips = List.of();
        private Map<String, Command> subcommands = Map.of();

        Entry(String name, int arity, String flags, Body body) {
            this.name = name;
            this.arity = arity;
            this.flags = words(Flag.class, flags);
            this.body = body;
        }

        /** It has one key, its first argument; {@code access} says what it does to it, in Redis's words. */
        Entry key(String access) {
            return keys(1, 1, Gather.NONE, access);
        }

        /** It has keys from its first argument on, and the replies of the shards that own them are gathered so. */
        Entry keys(int last, int step, Gather parts, String access) {
            keys = new Keys(1, last, step, List.of(access.split(" ", -1)));
            route = Route.KEYS;
            gather = parts;
            return this;
        }

        /** It runs on every shard, and the replies are gathered so. */
        Entry everyShard(Gather replies) {
            route = Route.EVERY_SHARD;
            gather = replies;
            return this;
        }

        /** Categories beside those that its flags and its group imply. */
        Entry acl(String more) {
            categories = more;
            return this;
        }

        Entry tips(String... some) {
            tips = List.of(some);
            return this;
        }

        Entry subcommands(Command... some) {
            subcommands = new HashMap<>();
            for (Command subcommand : some) {
                subcommands.put(subcommand.name().substring(name.length() + 1), subcommand);
            }
            return this;
        }

        Command doc(String group, String since, String complexity, String summary, String usage) {
            Command command = new Command(ALL.size(), name, arity, flags, categories(group), keys, route, gather, body,
                    new Doc(summary, since, group, complexity, tips, Argument.parse(usage)), Map.copyOf(subcommands));
            ALL.add(command);
            return command;
        }

        private Set<Category> categories(String group) {
            Set<Category> all = words(Category.class, categories);
            for (Flag flag : flags) {
                switch (flag) {
                    case WRITE -> all.add(Category.WRITE);
                    case READONLY -> all.add(Category.READ);
                    case ADMIN -> Collections.addAll(all, Category.ADMIN, Category.DANGEROUS);
                    default -> {
                    }
                }
            }
            all.add(flags.contains(Flag.FAST) ? Category.FAST : Category.SLOW);
            boolean container = !subcommands.isEmpty();
            switch (group) {
                case "string" -> all.add(Category.STRING);
                case "generic" -> all.add(Category.KEYSPACE);
                case "connection" -> {
                    if (!container) {
                        all.add(Category.CONNECTION);
                    }
                }
                default -> {
                }
            }
            return all;
        }

        private static <E extends Enum<E>> Set<E> words(Class<E> type, String words) {
            Set<E> set = EnumSet.noneOf(type);
            if (!words.isEmpty()) {
                Arrays.stream(words.toUpperCase(Locale.ROOT).split(" ", -1))
                        .forEach(word -> set.add(Enum.valueOf(type, word)));
            }
            return set;
        }
    }
}
