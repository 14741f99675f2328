package io.solaster.config;

import static io.solaster.config.Wording.entryKey;
import static io.solaster.config.Wording.kebab;
import static io.solaster.config.Wording.print;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

import io.solaster.config.InvalidConfigException.Violation;

/**
 * Checks a configuration by itself; what the machine has to say comes from {@link ShardPlanner}. It needs no framework:
 * it reads {@link Range} from the records and knows the rest. So service, operator and tests get the same answers, with
 * the start-up time of no validation provider. Any thread may call it.
 */
public final class ConfigValidator {
    private static final String SERVERS = "solaster.servers";
    /** Each pair of shards has two lanes, so memory grows with the square: at this number it is a million of them. */
    private static final int MAX_SHARDS = 1024;
    private static final Duration MICROSECOND = Duration.ofNanos(1_000);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Set<String> EVERY_ADDRESS = Set.of("0.0.0.0", "::", "[::]", "*");
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost");

    private static final int MAX_GROUPS = 64;
    private static final Set<String> BUILT_IN_GROUPS = Set.of("critical", "default", "background", "maintenance");
    private static final Pattern GROUP_NAME = Pattern.compile("[a-z][a-z0-9-]*");
    private final List<Violation> violations = new ArrayList<>();

    private ConfigValidator() {}

    /** Everything that is wrong, at once; empty if nothing is. */
    public static List<Violation> check(SolasterConfig config) {
        ConfigValidator validator = new ConfigValidator();
        validator.ranges("solaster", config);
        validator.engine("solaster.engine", config.engine());
        config.servers().forEach((name, server) -> validator.server(entryKey(SERVERS, name), server));
        validator.groups("solaster.engine.groups", config);
        validator.ports(config.servers());
        validator.within("solaster.health.broken-after", config.health().brokenAfter(), SECOND, Duration.ofDays(1));
        return List.copyOf(validator.violations);
    }

    /**
     * Returns the configuration if nothing is wrong with it.
     *
     * @throws InvalidConfigException naming every violation
     */
    public static SolasterConfig validate(SolasterConfig config) {
        List<Violation> violations = check(config);
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        return config;
    }

    private void ranges(String prefix, Record config) {
        for (RecordComponent component : config.getClass().getRecordComponents()) {
            String key = prefix + "." + kebab(component.getName());
            Object value = read(component, config);
            Range range = component.getAccessor().getAnnotation(Range.class);
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
            }
        }
    }

    private static Object read(RecordComponent component, Record config) {
        try {
            Object value = component.getAccessor().invoke(config);
            return value == null ? "" : value;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component, e);
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
        config.servers().forEach((name, server) -> {
            if (server.group() != null && !known.contains(server.group())) {
                add(entryKey(SERVERS, name) + ".group", server.group(),
                        "'" + server.group() + "' is no scheduling group",
                        "write one of " + String.join(", ", known) + ", or add it to " + key);
            }
        });
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

    private static boolean overlap(String host, String other) {
        return host.equalsIgnoreCase(other) || EVERY_ADDRESS.contains(host) || EVERY_ADDRESS.contains(other)
                || (LOOPBACK.contains(host) && LOOPBACK.contains(other));
    }

    private void given(String key, String value, String what) {
        // Spring binds a missing key to null, whatever the record's types say.
        if (value == null || value.isBlank()) {
            add(key, "", "nothing is given", "write " + what);
        }
    }

    private void within(String key, Duration value, Duration min, Duration max) {
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

    private void add(String key, Object value, String reason, String fix) {
        violations.add(new Violation(key, value.toString(), reason, fix));
    }
}
