package io.solaster.config.check;

import static io.solaster.config.plan.Wording.count;
import static io.solaster.config.plan.Wording.entryKey;
import static io.solaster.config.plan.Wording.kebab;
import static io.solaster.config.plan.Wording.print;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.solaster.config.EngineConfig;
import io.solaster.config.GroupConfig;
import io.solaster.config.IdleConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.Origins;
import io.solaster.config.SolasterConfig;
import io.solaster.config.TracingConfig;
import io.solaster.config.WebConfig;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;

/**
 * Checks a configuration by itself, and against a machine. It needs no framework: it reads {@link Range} from the records
 * and knows the rest. So service, operator and tests get the same answers, with the start-up time of no validation
 * provider. Any thread may call it.
 */
public final class ConfigValidator {
    private static final String SERVERS = "solaster.servers";
    private static final String POOLS = "solaster.pools";
    /** Each pair of shards has two lanes, so memory grows with the square: at this number it is a million of them. */
    private static final int MAX_SHARDS = 1024;
    private static final Duration MICROSECOND = Duration.ofNanos(1_000);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]", "*");
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost");

    private static final Pattern HEADER_VALUE = Pattern.compile("[!-~]([ -~]*[!-~])?");
    private static final Pattern MIME_TYPE = Pattern.compile("[\\w!#$&^.+-]+/([\\w!#$&^.+-]+|\\*)");

    private static final List<String> ENCODINGS = List.of("zstd", "br", "gzip");

    private static final int MAX_GROUPS = 64;
    static final Set<String> BUILT_IN_GROUPS = Set.of("critical", "default", "background", "maintenance");
    private static final Pattern GROUP_NAME = Pattern.compile("[a-z][a-z0-9-]*");

    /** Jars, logs, Actuator's connections. */
    private static final int FILES_OF_A_PROCESS = 128;
    /** What it waits with. */
    private static final int FILES_OF_A_SHARD = 4;
    private static final ByteSize RING = ByteSize.valueOf("1MB");
    /** Classes, compiled code, collector, threads. */
    private static final ByteSize PROCESS = ByteSize.valueOf("96MB");
    /** Stack, pooled buffers, an empty part of the store. */
    private static final ByteSize SHARD = ByteSize.valueOf("8MB");

    /** The JDK finds them anew each time that it is asked, at a price that a reload would notice. */
    private static final ClassValue<List<Component>> COMPONENTS = new ClassValue<>() {
        @Override
        protected List<Component> computeValue(Class<?> type) {
            return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getAccessor)
                    .map(accessor -> new Component(kebab(accessor.getName()), accessor,
                            accessor.getAnnotation(Range.class)))
                    .toList();
        }
    };

    private final List<Violation> violations = new ArrayList<>();

    private ConfigValidator() {}

    /** Everything that is wrong with it by itself, at once, errors and warnings; empty if nothing is. */
    public static List<Violation> check(SolasterConfig config) {
        ConfigValidator validator = new ConfigValidator();
        validator.ranges("solaster", config);
        validator.engine("solaster.engine", config.engine());
        config.servers().forEach((name, server) -> validator.server(entryKey(SERVERS, name), server));
        config.pools().forEach((name, pool) -> new PoolRules(validator, entryKey(POOLS, name), pool).check(name));
        validator.groups("solaster.engine.groups", config);
        validator.http("solaster.web.http", config.web().http());
        validator.within("solaster.reload.debounce", config.reload().debounce(), Duration.ZERO, Duration.ofMinutes(1));
        validator.within("solaster.reload.poll-interval", config.reload().pollInterval(), Duration.ofMillis(100),
                Duration.ofDays(1));
        validator.ports(config.servers());
        validator.within("solaster.health.broken-after", config.health().brokenAfter(), SECOND, Duration.ofDays(1));
        validator.tracing(config.tracing());
        validator.doubts(config);
        return List.copyOf(validator.violations);
    }

    /**
     * Everything that a machine, and a JVM on it, cannot give, errors and warnings; empty if nothing is. The configuration
     * by itself has been checked before.
     */
    public static List<Violation> check(SolasterConfig config, Machine machine, Jvm jvm) {
        ConfigValidator validator = new ConfigValidator();
        int shards = 1;
        try {
            shards = ShardPlanner.plan(machine, config.engine()).shards().size();
        } catch (InvalidConfigException e) {
            validator.violations.addAll(e.violations());
        }
        validator.openFiles(config, machine, shards);
        validator.lockedMemory(config, machine, jvm, shards);
        validator.memory(config, machine, jvm, shards);
        return List.copyOf(validator.violations);
    }

    /**
     * Whether connections may drain for longer than whoever stops the application waits for them.
     *
     * @param key what sets that limit
     */
    public static List<Violation> checkDrain(SolasterConfig config, Duration limit, String key) {
        Duration asked = config.engine().shutdownTimeout();
        return asked.compareTo(limit) <= 0
                ? List.of()
                : List.of(new Violation("solaster.engine.shutdown-timeout", print(asked),
                        "connections may drain for " + print(asked) + ", and " + key + " ends that after "
                                + print(limit),
                        "write " + print(limit) + " or less, or raise " + key));
    }

    /** Whether servers speak what is there to be spoken. */
    public static List<Violation> checkProtocols(SolasterConfig config, Collection<String> protocols) {
        String known = protocols.stream().distinct().sorted().collect(Collectors.joining("', '", "'", "'"));
        List<Violation> violations = new ArrayList<>();
        config.servers().forEach((name, server) -> {
            // Where none is given, that is told already.
            if (server.protocol() != null && !protocols.contains(server.protocol())) {
                violations.add(new Violation(entryKey(SERVERS, name) + ".protocol", server.protocol(),
                        "'" + server.protocol() + "' is no protocol here",
                        protocols.isEmpty()
                                ? "there is none: add solaster-store for 'resp', or a bean of type ServerProtocol"
                                : "write " + known + ", or add a bean of type ServerProtocol"));
            }
        });
        return violations;
    }

    /**
     * Whether each pool has endpoints, or something that finds them.
     *
     * @param elsewhere the names of pools whose endpoints the application tells by other means
     */
    public static List<Violation> checkEndpoints(SolasterConfig config, Collection<String> elsewhere) {
        List<Violation> violations = new ArrayList<>();
        config.pools().forEach((name, pool) -> {
            if (pool.endpoints().isEmpty() && pool.discovery().type() == DiscoveryConfig.Type.NONE
                    && !elsewhere.contains(name)) {
                violations.add(new Violation(entryKey(POOLS, name) + ".endpoints", "", "nothing is given",
                        "write where connections go, such as 'orders.example:8080', or what finds it below "
                                + entryKey(POOLS, name) + ".discovery"));
            }
        });
        return violations;
    }

    /**
     * Returns the configuration if there is no error in it by itself.
     *
     * @throws InvalidConfigException naming every error
     */
    public static SolasterConfig validate(SolasterConfig config) {
        return new ConfigReport(config, List.of(), List.of(), Origins.NONE).plus(check(config)).orThrow();
    }

    private void ranges(String prefix, Record config) {
        for (Component component : COMPONENTS.get(config.getClass())) {
            String key = prefix + "." + component.key();
            Object value = component.of(config);
            Range range = component.range();
            if (range != null && value instanceof Number number
                    && (number.longValue() < range.min() || number.longValue() > range.max())) {
                add(key, value, value + " is out of range", "write a number from " + range.min()
                        + (range.max() == Long.MAX_VALUE ? "" : " to " + range.max()));
            }
            if (value instanceof Record nested) {
                ranges(key, nested);
            } else if (value instanceof Map<?, ?> map) {
                map.forEach((name, entry) -> {
                    if (entry instanceof Record nested) {
                        ranges(entryKey(key, String.valueOf(name)), nested);
                    }
                });
            } else if (value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    if (list.get(i) instanceof Record nested) {
                        ranges(key + "[" + i + "]", nested);
                    }
                }
            }
        }
    }

    /** What a record has by the name of a key; empty where that is nothing. */
    static Object component(Object config, String key) {
        if (config instanceof Record group) {
            for (Component component : COMPONENTS.get(group.getClass())) {
                if (component.key().equals(key)) {
                    return component.of(group);
                }
            }
        }
        return "";
    }

    private record Component(String key, Method accessor, @Nullable Range range) {

        Object of(Record config) {
            try {
                Object value = accessor.invoke(config);
                return value == null ? "" : value;
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + key, e);
            }
        }
    }

    private void engine(String key, EngineConfig engine) {
        int shards = engine.shards().count();
        if (shards > MAX_SHARDS) {
            add(key + ".shards", shards, shards + " is out of range",
                    "write a number from 1 to " + MAX_SHARDS + ", or 'auto'");
        }
        within(key + ".task-quota", engine.taskQuota(), MICROSECOND, SECOND);
        within(key + ".shutdown-timeout", engine.shutdownTimeout(), Duration.ZERO, Duration.ofHours(1));
        within(key + ".idle.spin-for", engine.idle().spinFor(), MICROSECOND, SECOND);
        within(key + ".idle.linger-for", engine.idle().lingerFor(), Duration.ZERO, SECOND);
        within(key + ".stalls.threshold", engine.stalls().threshold(), Duration.ofMillis(1), Duration.ofDays(1));
        within(key + ".stalls.grace", engine.stalls().grace(), Duration.ZERO, Duration.ofDays(1));
        int laneCapacity = engine.mesh().laneCapacity();
        if (laneCapacity > 1 && Integer.bitCount(laneCapacity) != 1) {
            int below = Integer.highestOneBit(laneCapacity);
            add(key + ".mesh.lane-capacity", laneCapacity, laneCapacity + " is no power of two",
                    "write " + below + " or " + below * 2L);
        }
    }

    private void groups(String key, SolasterConfig config) {
        Map<String, GroupConfig> groups = config.engine().groups();
        groups.forEach((name, group) -> {
            String entry = entryKey(key, name);
            within(entry + ".queue-timeout", group.queueTimeout(), Duration.ofMillis(1), Duration.ofHours(1));
            if (!GROUP_NAME.matcher(name).matches()) {
                add(entry, name, "'" + name + "' cannot name a group",
                        "write lower-case letters, digits and '-', a letter first");
            }
        });
        Set<String> known = new TreeSet<>(BUILT_IN_GROUPS);
        known.addAll(groups.keySet());
        if (known.size() > MAX_GROUPS) {
            add(key, known.size(), known.size() + " groups, the four built-in ones among them, are too many",
                    "write at most " + MAX_GROUPS);
        }
        config.servers()
                .forEach((name, server) -> known(entryKey(SERVERS, name) + ".group", server.group(), known, key));
        known("solaster.web.group", config.web().group(), known, key);
    }

    private void known(String key, @Nullable String group, Set<String> known, String groups) {
        if (group != null && !known.contains(group)) {
            add(key, group, "'" + group + "' is no scheduling group",
                    "write one of " + String.join(", ", known) + ", or add it to " + groups);
        }
    }

    private void server(String key, ServerConfig server) {
        given(key + ".protocol", server.protocol(), "the protocol that it speaks, such as 'resp'");
        given(key + ".host", server.host(), "the address that it binds to, such as '127.0.0.1'");
        LimitsConfig limits = server.limits();
        within(key + ".limits.idle-timeout", limits.idleTimeout(), Duration.ZERO, Duration.ofDays(365));
        within(key + ".limits.output-buffer", limits.outputBuffer(), "1KB", "1TB");
        within(key + ".limits.max-bulk", limits.maxBulk(), "1B", "1GB");
        within(key + ".limits.max-inline", limits.maxInline(), "64B", "64MB");
        within(key + ".limits.bytes-per-turn", limits.bytesPerTurn(), "1KB", "1GB");
        http(key + ".http", server.http());
    }

    private void http(String key, HttpConfig http) {
        Duration millisecond = Duration.ofMillis(1);
        Duration day = Duration.ofDays(1);
        within(key + ".header-timeout", http.headerTimeout(), millisecond, day);
        within(key + ".body-timeout", http.bodyTimeout(), millisecond, day);
        within(key + ".request-timeout", http.requestTimeout(), Duration.ZERO, day);
        within(key + ".keep-alive-timeout", http.keepAliveTimeout(), Duration.ZERO, day);
        within(key + ".max-target", http.maxTarget(), "64B", "1MB");
        within(key + ".max-header-size", http.maxHeaderSize(), "256B", "16MB");
        within(key + ".max-body", http.maxBody(), "0", "2047MB");
        within(key + ".min-body-rate", http.minBodyRate(), "0", "1GB");
        within(key + ".compression.min-size", http.compression().minSize(), "0", "1GB");
        within(key + ".http2.initial-window", http.http2().initialWindow(), "16KB", "255MB");
        within(key + ".http2.max-frame", http.http2().maxFrame(), "16KB", "16383KB");
        websocket(key + ".websocket", http.websocket());
        String server = http.serverHeader();
        if (server != null && !HEADER_VALUE.matcher(server).matches()) {
            add(key + ".server-header", server, "'" + server + "' is no header's value",
                    "write letters, digits, blanks and signs of ASCII");
        }
        accessLog(key + ".access-log", http.accessLog());
        for (String coding : http.compression().encodings().split(",", -1)) {
            if (!ENCODINGS.contains(coding.strip())) {
                add(key + ".compression.encodings", coding, "'" + coding + "' is no encoding that the server knows",
                        "write some of " + String.join(", ", ENCODINGS) + ", with commas between them");
            }
        }
        for (String type : http.compression().mimeTypes().split(",", -1)) {
            if (!MIME_TYPE.matcher(type.strip()).matches()) {
                add(key + ".compression.mime-types", type, "'" + type + "' is no content type",
                        "write types like 'text/html' or 'text/*', with commas between them");
            }
        }
    }

    private void accessLog(String key, AccessLogConfig log) {
        double sample = log.sample();
        if (!(sample >= 0 && sample <= 1)) {
            add(key + ".sample", sample, sample + " is out of range",
                    "write a number from 0 to 1, such as 0.01 for one exchange in a hundred");
        }
        if (log.slow() != null) {
            within(key + ".slow", log.slow(), MICROSECOND, Duration.ofDays(1));
        }
    }

    private void websocket(String key, WebSocketConfig websocket) {
        Duration day = Duration.ofDays(1);
        within(key + ".max-frame", websocket.maxFrame(), "125B", "1GB");
        within(key + ".max-message", websocket.maxMessage(), "125B", "1GB");
        within(key + ".ping-interval", websocket.pingInterval(), Duration.ZERO, day);
        within(key + ".idle-timeout", websocket.idleTimeout(), Duration.ZERO, Duration.ofDays(365));
        within(key + ".close-timeout", websocket.closeTimeout(), Duration.ofMillis(1), Duration.ofHours(1));
        within(key + ".queue.size", websocket.queue().size(), "1KB", "1GB");
        within(key + ".compression.threshold", websocket.compression().threshold(), "0", "1GB");
        Duration ping = websocket.pingInterval();
        Duration idle = websocket.idleTimeout();
        if (!idle.isZero() && ping.compareTo(idle) >= 0) {
            warn(key + ".ping-interval", print(ping), print(ping) + " is no less than the idle timeout (" + print(idle)
                    + "): silent clients are disconnected before they are pinged", "write a shorter one");
        }
    }

    private void tracing(TracingConfig tracing) {
        Double probability = tracing.samplingProbability();
        if (probability != null && !(probability >= 0 && probability <= 1)) {
            add("solaster.tracing.sampling-probability", probability, probability + " is out of range",
                    "write a number from 0 to 1, such as 0.01 for one request in a hundred");
        }
    }

    /** Two servers on one port would share it silently: with SO_REUSEPORT the second one binds without an error. */
    private void ports(Map<String, ServerConfig> servers) {
        List<Map.Entry<String, ServerConfig>> entries = List.copyOf(servers.entrySet());
        for (int i = 0; i < entries.size(); i++) {
            ServerConfig server = entries.get(i).getValue();
            for (Map.Entry<String, ServerConfig> earlier : entries.subList(0, i)) {
                if (server.port() != 0 && server.port() == earlier.getValue().port()
                        && overlap(server.host(), earlier.getValue().host())) {
                    add(entryKey(SERVERS, entries.get(i).getKey()) + ".port", server.port(),
                            server.port() + " is taken by " + entryKey(SERVERS, earlier.getKey()),
                            "give each server a port of its own, or 0 for a free one");
                    break;
                }
            }
        }
    }

    /** What can be, and is hardly meant. */
    private void doubts(SolasterConfig config) {
        EngineConfig engine = config.engine();
        if (engine.stalls().enabled() && engine.stalls().threshold().compareTo(engine.taskQuota()) < 0) {
            warn("solaster.engine.stalls.threshold", print(engine.stalls().threshold()),
                    print(engine.stalls().threshold()) + " is less than the task quota (" + print(engine.taskQuota())
                            + "): what is in order would be reported",
                    "write a longer one, or a shorter solaster.engine.task-quota");
        }
        if (engine.idle().policy() == IdleConfig.Policy.SPIN && engine.pinning() == EngineConfig.Pinning.NEVER) {
            warn("solaster.engine.idle.policy", "spin",
                    "shards that are not pinned spin on CPUs which others could use",
                    "write 'park', or pin the shards");
        }
        engine.groups().forEach((name, group) -> {
            if (group.whenFull() == GroupConfig.WhenFull.WAIT && group.maxQueued() == 0) {
                warn(entryKey("solaster.engine.groups", name) + ".when-full", "wait",
                        "'wait' has no effect where the queue is never full", "write max-queued too");
            }
        });
        config.servers().forEach((name, server) -> {
            if (!server.protectedMode() && (server.password() == null || server.password().isEmpty())
                    && server.host() != null && !LOOPBACK.contains(server.host())
                    && "resp".equalsIgnoreCase(server.protocol())) {
                warn(entryKey(SERVERS, name) + ".protected-mode", "false",
                        "whoever reaches " + server.host() + " may read and write all keys",
                        "write a password, or 'true'");
            }
        });
    }

    /** Sockets of clients, and what the process needs beside them. */
    private void openFiles(SolasterConfig config, Machine machine, int shards) {
        int servers = config.servers().size();
        long clients = 0;
        String key = "";
        long most = 0;
        for (Map.Entry<String, ServerConfig> server : config.servers().entrySet()) {
            int connections = server.getValue().limits().maxConnections();
            clients += connections;
            if (connections > most) {
                most = connections;
                key = entryKey(SERVERS, server.getKey()) + ".limits.max-connections";
            }
        }
        if (config.web().server() == WebConfig.Server.SOLASTER) {
            servers++;
            clients += config.web().maxConnections();
            if (config.web().maxConnections() > most) {
                most = config.web().maxConnections();
                key = "solaster.web.max-connections";
            }
        }
        long others = FILES_OF_A_PROCESS + (long) shards * (FILES_OF_A_SHARD + servers)
                + config.pools().values().stream().mapToLong(pool -> pool.connections().max()).sum();
        long needed = clients + others;
        if (needed > machine.openFiles() && servers > 0) {
            long room = most - (needed - machine.openFiles());
            warn(key, String.valueOf(most),
                    clients + " clients" + (servers == 1 ? "" : " of all servers") + " and " + others
                            + " files of the process are more than the " + machine.openFiles() + " open files allowed",
                    "raise the limit (ulimit -n " + needed + ")" + (room < 1 ? "" : ", or write " + room));
        }
    }

    private void lockedMemory(SolasterConfig config, Machine machine, Jvm jvm, int shards) {
        long needed = shards * RING.bytes();
        if (config.engine().transport() == EngineConfig.Transport.IO_URING && jvm.locksRings()
                && machine.memlock() < needed) {
            warn("solaster.engine.transport", "io_uring",
                    "the rings of " + count(shards, "shard") + " take about " + new ByteSize(needed)
                            + " of locked memory, " + new ByteSize(machine.memlock()) + " are allowed",
                    "raise the limit (ulimit -l " + needed / 1024 + "), or write 'auto'");
        }
    }

    /** Keys, buffers and threads live beside the heap. */
    private void memory(SolasterConfig config, Machine machine, Jvm jvm, int shards) {
        if (machine.memoryLimit().isEmpty()) {
            return;
        }
        long limit = machine.memoryLimit().getAsLong();
        long left = Math.max(0, limit - jvm.maxHeap());
        long least = PROCESS.bytes() + shards * SHARD.bytes();
        if (left < least) {
            warn("solaster.engine", "", "the heap may take " + round(jvm.maxHeap()) + " of the " + round(limit)
                    + " that this container has, and " + count(shards, "shard") + " with the JVM itself need about "
                    + round(least) + " beside it",
                    limit > least
                            ? "give the JVM -Xmx" + (limit - least >> 20) + "m or less, or the container more memory"
                            : "give the container more memory");
        }
        config.servers().forEach((name, server) -> {
            String key = entryKey(SERVERS, name) + ".limits.";
            fits(key + "max-bulk", server.limits().maxBulk(), "one argument", left);
            fits(key + "output-buffer", server.limits().outputBuffer(), "what one client has not read", left);
        });
    }

    private void fits(String key, ByteSize size, String what, long left) {
        if (size.bytes() > left) {
            warn(key, size.toString(),
                    what + " may be " + size + ", and this container has " + round(left) + " beside the heap",
                    "write " + Math.max(1, left >> 22) + "MB or less, or give the container more memory");
        }
    }

    /** In whole megabytes. */
    private static String round(long bytes) {
        return (bytes >> 20) + "MB";
    }

    private static boolean overlap(String host, String other) {
        return host.equalsIgnoreCase(other) || EVERY_ADDRESS.contains(host) || EVERY_ADDRESS.contains(other)
                || (LOOPBACK.contains(host) && LOOPBACK.contains(other));
    }

    void given(String key, @Nullable String value, String what) {
        // Spring binds a missing key to null, whatever the record's types say.
        if (value == null || value.isBlank()) {
            add(key, "", "nothing is given", "write " + what);
        }
    }

    void within(String key, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            add(key, print(value), print(value) + " is out of range",
                    "write a duration from " + print(min) + " to " + print(max));
        }
    }

    private void within(String key, ByteSize value, String min, String max) {
        if (value.compareTo(ByteSize.valueOf(min)) < 0 || value.compareTo(ByteSize.valueOf(max)) > 0) {
            add(key, value, value + " is out of range", "write a size from " + min + " to " + max);
        }
    }

    void warn(String key, String value, String reason, String fix) {
        if (violations.stream().noneMatch(known -> known.key().equals(key))) {
            violations.add(Violation.warning(key, value, reason, fix));
        }
    }

    void add(String key, Object value, String reason, String fix) {
        violations.add(new Violation(key, value.toString(), reason, fix));
    }
}
