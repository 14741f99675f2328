package io.solaster.store.command.admin;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

import io.solaster.config.StoreConfig.Eviction;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Sharded;
import io.solaster.store.keyspace.Encodings;
import io.solaster.store.keyspace.Encodings.Size;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.message.EventClasses;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Glob;
import io.solaster.store.shard.MemorySettings;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.stats.DiagnosticSettings;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/**
 * {@code CONFIG} and its subcommands. What can be set takes effect at once, on every shard, for all clients of the
 * server that was asked, until the process ends.
 */
public final class ConfigCommands {
    private static final List<String> HELP = Help.of("CONFIG", """
            GET <pattern> [<pattern> ...]
                The parameters whose names match, and their values.
            SET <parameter> <value> [<parameter> <value> ...]
                Set parameters for as long as the server runs: all of them, or none.
            REWRITE
                Refused: the configuration is the application's.
            RESETSTAT
                Count from zero again what INFO reports.
            """);
    private static final long MIN_BULK = 1 << 20;
    private static final String IMMUTABLE = "can't set immutable config";
    /** In the order in which Redis names them. */
    private static final String EVICTIONS = "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, "
            + "allkeys-lfu, allkeys-random, noeviction";
    /** What Linux has unless told otherwise, in seconds. */
    private static final long SYSTEMS_KEEP_ALIVE = 7200;
    private static final String NOT_MEMORY = "argument must be a memory value";

    private static final Map<String, Parameter> PARAMETERS = new LinkedHashMap<>();

    static {
        live("maxclients", config -> Integer.toString(config.limits().maxConnections()),
                limit((limits, value) -> limits
                        .withMaxConnections((int) Math.min(Integer.MAX_VALUE, integer(value, 1, 0xffffffffL)))));
        live("timeout", config -> Long.toString(config.limits().idleTimeout().toSeconds()),
                limit((limits, value) -> limits
                        .withIdleTimeout(Duration.ofSeconds(integer(value, 0, Integer.MAX_VALUE)))));
        live("proto-max-bulk-len", config -> Long.toString(config.limits().maxBulk().bytes()),
                limit((limits, value) -> limits
                        .withMaxBulk(new ByteSize(maxBulk(value)))));
        live("client-output-buffer-limit", config -> OutputLimits.show(config.limits()), limit(OutputLimits::set));
        live("requirepass", config -> config.password() == null ? "" : config.password(),
                (config, value) -> config.withPassword(value.isEmpty() ? null : password(value)));
        live("protected-mode", config -> config.protectedMode() ? "yes" : "no",
                (config, value) -> config.withProtectedMode(yes(value)));
        fixed("bind", ServerConfig::host);
        fixed("port", config -> Integer.toString(config.port()));
        frozen("tcp-backlog", config -> Integer.toString(config.backlog()));
        ofStore("databases", parts -> Integer.toString(parts.databases()));
        fixed("save", config -> "");
        fixed("appendonly", config -> "no");
        memory("maxmemory", settings -> Long.toString(settings.limit()),
                (settings, value) -> settings.withLimit(memory(value)));
        memory("maxmemory-policy", settings -> settings.eviction().toString(),
                (settings, value) -> settings.withEviction(eviction(value)));
        memory("maxmemory-samples", settings -> Integer.toString(settings.samples()),
                (settings, value) -> settings.withSamples((int) integer(value, 1, Integer.MAX_VALUE)));
        memory("lfu-log-factor", settings -> Integer.toString(settings.logFactor()),
                (settings, value) -> settings.withLogFactor((int) integer(value, 0, Integer.MAX_VALUE)));
        memory("lfu-decay-time", settings -> Integer.toString(settings.decayMinutes()),
                (settings, value) -> settings.withDecayMinutes((int) integer(value, 0, Integer.MAX_VALUE)));
        PARAMETERS.put("notify-keyspace-events", new Parameter("notify-keyspace-events",
                settings -> EventClasses.letters(settings.events()), Settings::with));
        for (Size size : Size.values()) {
            encoding(size.parameter(), size);
            if (!size.oldName().isEmpty()) {
                encoding(size.oldName(), size);
            }
        }
        ofStore("cluster-enabled", parts -> parts.ownership() == null ? "no" : "yes");
        diagnostic("slowlog-log-slower-than", settings -> Long.toString(settings.slowMicros()),
                (settings, value) -> settings.withSlowMicros(integer(value, -1, Long.MAX_VALUE)));
        diagnostic("slowlog-max-len", settings -> Integer.toString(settings.slowLogLength()),
                (settings, value) -> settings.withSlowLogLength(entries(value)));
        diagnostic("latency-monitor-threshold", settings -> Long.toString(settings.latencyMillis()),
                (settings, value) -> settings.withLatencyMillis(integer(value, 0, Long.MAX_VALUE)));
        diagnostic("acllog-max-len", settings -> Integer.toString(settings.aclLogLength()),
                (settings, value) -> settings.withAclLogLength(entries(value)));
        for (String name : List.of("busy-reply-threshold", "lua-time-limit")) {
            diagnostic(name, settings -> Long.toString(settings.busyMillis()),
                    (settings, value) -> settings.withBusyMillis(integer(value, 0, Long.MAX_VALUE)));
        }
        diagnostic("tracking-table-max-keys", settings -> Long.toString(settings.trackedKeys()),
                (settings, value) -> settings.withTrackedKeys(integer(value, 0, Long.MAX_VALUE)));
        fixed("latency-tracking", config -> "yes");
        fixed("tcp-keepalive", config -> Long.toString(keepAlive(config.socket())));
        fixed("maxmemory-clients", config -> "0");
        fixed("activedefrag", config -> "yes");
        fixed("hz", config -> "10");
        fixed("logfile", config -> "");
        fixed("acl-pubsub-default", config -> "resetchannels");
        frozen("aclfile", config -> "");
        ofStore("enable-debug-command", parts -> parts.debug() ? "yes" : "no");
        ofStore("io-threads", parts -> Integer.toString(parts.count()));
        for (String name : List.of("replicaof", "slaveof")) {
            // Nor is there a command that would change it.
            frozen(name, config -> "");
        }
        frozen("daemonize", config -> "no");
        frozen("supervised", config -> "no");
    }

    private ConfigCommands() {}

    /** What is in force for a server, and for the store behind it. */
    private record Settings(Parts parts, ServerConfig server, MemorySettings memory, DiagnosticSettings diagnostics,
            int events, Encodings encodings) {
        static Settings of(Parts parts, ServerConfig server) {
            return new Settings(parts, server, parts.memory(), parts.diagnostics(), parts.events(), parts.encodings());
        }

        Settings with(ServerConfig changed) {
            return new Settings(parts, changed, memory, diagnostics, events, encodings);
        }

        Settings with(MemorySettings changed) {
            return new Settings(parts, server, changed, diagnostics, events, encodings);
        }

        Settings with(DiagnosticSettings changed) {
            return new Settings(parts, server, memory, changed, events, encodings);
        }

        Settings with(Encodings changed) {
            return new Settings(parts, server, memory, diagnostics, events, changed);
        }

        Settings with(String letters) throws BadValue {
            int classes = EventClasses.parse(letters);
            if (classes < 0) {
                throw new BadValue(EventClasses.UNKNOWN);
            }
            return new Settings(parts, server, memory, diagnostics, classes, encodings);
        }
    }

    /** Tells a parameter's value. */
    private interface Reader extends Function<Settings, String> {}

    /** Makes settings with another value for a parameter. */
    private interface Writer {
        Settings write(Settings settings, String value) throws BadValue;
    }

    /** Makes a configuration with another value for a parameter. */
    private interface ServerWriter {
        ServerConfig write(ServerConfig config, String value) throws BadValue;
    }

    /** Makes settings of memory with another value for a parameter. */
    private interface MemoryWriter {
        MemorySettings write(MemorySettings settings, String value) throws BadValue;
    }

    /** Makes settings of what is noted with another value for a parameter. */
    private interface DiagnosticWriter {
        DiagnosticSettings write(DiagnosticSettings settings, String value) throws BadValue;
    }

    /** Makes limits with another value for one of them. */
    private interface LimitWriter {
        LimitsConfig write(LimitsConfig limits, String value) throws BadValue;
    }

    private record Parameter(String name, Reader reader, @Nullable Writer writer) {}

    /** Why a value cannot be set, in Redis's words. */
    static final class BadValue extends Exception {
        private static final long serialVersionUID = 1;

        BadValue(String message) {
            super(message, null, false, false);
        }
    }

    private static ServerWriter limit(LimitWriter writer) {
        return (config, value) -> config.withLimits(writer.write(config.limits(), value));
    }

    private static void live(String name, Function<ServerConfig, String> reader, ServerWriter writer) {
        PARAMETERS.put(name, new Parameter(name, settings -> reader.apply(settings.server()),
                (settings, value) -> settings.with(writer.write(settings.server(), value))));
    }

    /** One of the store behind all servers. */
    private static void memory(String name, Function<MemorySettings, String> reader, MemoryWriter writer) {
        PARAMETERS.put(name, new Parameter(name, settings -> reader.apply(settings.memory()),
                (settings, value) -> settings.with(writer.write(settings.memory(), value))));
    }

    /** Up to which size values are kept small, on all shards. */
    private static void encoding(String name, Size size) {
        PARAMETERS.put(name, new Parameter(name, settings -> Long.toString(settings.encodings().get(size)),
                (settings, value) -> settings.with(settings.encodings().with(size, size(value, size)))));
    }

    private static long size(String value, Size size) throws BadValue {
        if (size == Size.LIST_SIZE) {
            return integer(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
        if (size == Size.LIST_DEPTH) {
            return integer(value, 0, Integer.MAX_VALUE);
        }
        return size.isBytes() ? memory(value) : integer(value, 0, Long.MAX_VALUE);
    }

    /** One of what is noted of commands, on all shards. */
    private static void diagnostic(String name, Function<DiagnosticSettings, String> reader, DiagnosticWriter writer) {
        PARAMETERS.put(name, new Parameter(name, settings -> reader.apply(settings.diagnostics()),
                (settings, value) -> settings.with(writer.write(settings.diagnostics(), value))));
    }

    /** One that Redis would let be changed and we do not: what it is already may be set. */
    private static void fixed(String name, Function<ServerConfig, String> reader) {
        live(name, reader, (config, value) -> {
            if (!value.equalsIgnoreCase(reader.apply(config))) {
                throw new BadValue(IMMUTABLE);
            }
            return config;
        });
    }

    /** One that Redis does not let be changed either. */
    private static void frozen(String name, Function<ServerConfig, String> reader) {
        PARAMETERS.put(name, new Parameter(name, settings -> reader.apply(settings.server()), null));
    }

    /** One of the store that nobody can change. */
    private static void ofStore(String name, Function<Parts, String> reader) {
        PARAMETERS.put(name, new Parameter(name, settings -> reader.apply(settings.parts()), null));
    }

    public static void help(CommandCall call) {
        Help.answer(call, HELP);
    }

    public static void get(CommandCall call) {
        Map<String, String> found = new LinkedHashMap<>();
        // With port 0 the system has chosen one.
        Settings config = Settings.of(call.shard().parts(),
                call.client().settings().config().withPort(call.client().localPort()));
        for (int i = 2; i < call.count(); i++) {
            String wanted = call.text(i);
            if (Glob.isPattern(wanted)) {
                for (Parameter parameter : PARAMETERS.values()) {
                    if (Glob.matches(wanted, parameter.name())) {
                        put(found, parameter.name(), parameter, config);
                    }
                }
            } else {
                Parameter parameter = PARAMETERS.get(wanted.toLowerCase(Locale.ROOT));
                if (parameter != null) {
                    put(found, wanted, parameter, config);
                }
            }
        }
        call.reply().mapHeader(found.size());
        found.forEach((name, value) -> {
            call.reply().bulk(name);
            call.reply().bulk(value);
        });
    }

    /** Adds a parameter under the name that the client used, once whatever the case. */
    private static void put(Map<String, String> found, String name, Parameter parameter, Settings config) {
        if (found.keySet().stream().noneMatch(name::equalsIgnoreCase)) {
            found.put(name, parameter.reader().apply(config));
        }
    }

    public static void set(CommandCall call) {
        if (call.count() % 2 != 0) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        List<String> names = new ArrayList<>();
        List<String> values = new ArrayList<>();
        for (int i = 2; i < call.count(); i += 2) {
            names.add(call.word(i, Integer.MAX_VALUE));
            values.add(call.text(i + 1));
        }
        for (String name : names) {
            if (!PARAMETERS.containsKey(name.toLowerCase(Locale.ROOT))) {
                call.reply().error("ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'");
                return;
            }
        }
        ServerSettings settings = call.client().settings();
        // One shard writes, so that two clients' settings do not overtake each other.
        Sharded<StoreShard> shards = call.shard().parts().sharded();
        call.later(shards.on(0, part -> change(settings, part.parts(), names, values))
                .thenCompose(error -> shards.onAll(ConfigCommands::tell).thenApply(told -> error)),
                (reply, error) -> {
                    if (error.isEmpty()) {
                        reply.ok();
                    } else {
                        reply.error(error);
                    }
                });
    }

    /** Tells a shard what it does not look up for each command. */
    private static boolean tell(StoreShard shard) {
        ShardWatch.of(shard).settingsChanged();
        shard.tellEvents();
        shard.keyspace().encodings(shard.parts().encodings());
        return true;
    }

    /** Sets all parameters, or none; answers an error, or nothing. */
    private static String change(ServerSettings settings, Parts parts, List<String> names, List<String> values) {
        Settings config = Settings.of(parts, settings.config());
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Parameter parameter = Objects.requireNonNull(PARAMETERS.get(name.toLowerCase(Locale.ROOT)));
            if (names.subList(0, i).stream().anyMatch(name::equalsIgnoreCase)) {
                return failed(name, "duplicate parameter");
            }
            if (parameter.writer() == null) {
                return failed(name, IMMUTABLE);
            }
            try {
                config = parameter.writer().write(config, values.get(i));
            } catch (BadValue e) {
                return failed(parameter.name(), String.valueOf(e.getMessage()));
            }
        }
        String before = settings.config().password();
        String password = config.server().password();
        settings.change(config.server());
        if (!Objects.equals(before, password)) {
            parts.acl().onlyPassword(password);
        }
        parts.diagnostics(config.diagnostics());
        parts.events(config.events());
        parts.encodings(config.encodings());
        if (!config.memory().equals(parts.memory())) {
            parts.memory(config.memory());
        }
        return "";
    }

    /** A password as configurations have it, of the bytes that a client has sent. */
    private static String password(String value) throws BadValue {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(value.getBytes(StandardCharsets.ISO_8859_1))).toString();
        } catch (CharacterCodingException e) {
            throw new BadValue("a password is text in UTF-8");
        }
    }

    /**
     * A configuration that has come anew, with what was set meanwhile.
     *
     * @param before what it was when it came last
     * @param changed what it is now
     * @param inForce what was made of it
     */
    public static ServerConfig keepSet(ServerConfig before, ServerConfig changed, ServerConfig inForce) {
        LimitsConfig old = before.limits();
        LimitsConfig now = changed.limits();
        LimitsConfig set = inForce.limits();
        return changed.withPassword(Objects.equals(before.password(), changed.password())
                ? inForce.password()
                : changed.password())
                .withProtectedMode(before.protectedMode() == changed.protectedMode()
                        ? inForce.protectedMode()
                        : changed.protectedMode())
                .withLimits(now
                        .withMaxConnections(keep(old.maxConnections(), now.maxConnections(), set.maxConnections()))
                        .withIdleTimeout(keep(old.idleTimeout(), now.idleTimeout(), set.idleTimeout()))
                        .withMaxBulk(keep(old.maxBulk(), now.maxBulk(), set.maxBulk()))
                        .withOutputBuffer(keep(old.outputBuffer(), now.outputBuffer(), set.outputBuffer()))
                        .withSubscribers(keep(old.subscribers(), now.subscribers(), set.subscribers())));
    }

    private static <T> T keep(T before, T changed, T inForce) {
        return before.equals(changed) ? inForce : changed;
    }

    private static String failed(String name, String why) {
        return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
    }

    public static void rewrite(CommandCall call) {
        call.reply().error("ERR The server is running without a config file");
    }

    public static void resetStat(CommandCall call) {
        Command itself = call.client().state().lastCommand();
        StoreShard home = call.shard();
        call.later(call.shard().parts().sharded().onAll(part -> {
            part.resetStatistics(part.equals(home) ? itself : null);
            return true;
        }), (reply, done) -> reply.ok());
    }

    private static boolean yes(String value) throws BadValue {
        if (value.equalsIgnoreCase("yes") || value.equalsIgnoreCase("no")) {
            return value.equalsIgnoreCase("yes");
        }
        throw new BadValue("argument must be 'yes' or 'no'");
    }

    private static long integer(String value, long least, long most) throws BadValue {
        try {
            return between(Long.parseLong(value), least, most);
        } catch (NumberFormatException e) {
            throw new BadValue("argument couldn't be parsed into an integer");
        }
    }

    private static long keepAlive(SocketConfig socket) {
        long idle = socket.keepAliveIdle().toSeconds();
        return socket.keepAlive() ? idle == 0 ? SYSTEMS_KEEP_ALIVE : idle : 0;
    }

    private static int entries(String value) throws BadValue {
        return (int) Math.min(integer(value, 0, Long.MAX_VALUE), DiagnosticSettings.MOST_ENTRIES);
    }

    private static long between(long value, long least, long most) throws BadValue {
        if (value < least || value > most) {
            throw new BadValue("argument must be between " + least + " and " + most + " inclusive");
        }
        return value;
    }

    private static Eviction eviction(String value) throws BadValue {
        for (Eviction each : Eviction.values()) {
            if (each.toString().equalsIgnoreCase(value)) {
                return each;
            }
        }
        throw new BadValue("argument(s) must be one of the following: " + EVICTIONS);
    }

    private static long maxBulk(String value) throws BadValue {
        long bytes = between(memory(value), MIN_BULK, Long.MAX_VALUE);
        return between(bytes, MIN_BULK, Keyspace.MAX_LENGTH);
    }

    /** Reads an amount of memory as Redis writes it: {@code k} is a thousand, {@code kb} 1024, and so on. */
    static long memory(String value) throws BadValue {
        int digits = 0;
        while (digits < value.length() && Character.digit(value.charAt(digits), 10) >= 0) {
            digits++;
        }
        long unit = switch (value.substring(digits).toLowerCase(Locale.ROOT)) {
            case "", "b" -> 1;
            case "k" -> 1_000;
            case "kb" -> 1L << 10;
            case "m" -> 1_000_000;
            case "mb" -> 1L << 20;
            case "g" -> 1_000_000_000;
            case "gb" -> 1L << 30;
            default -> throw new BadValue(NOT_MEMORY);
        };
        try {
            return digits == 0 ? 0 : Math.multiplyExact(Long.parseLong(value.substring(0, digits)), unit);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new BadValue(NOT_MEMORY);
        }
    }
}
