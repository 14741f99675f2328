package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;
import static io.solaster.config.plan.Wording.print;

import java.time.Duration;
import java.util.ArrayList;
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
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.TracingConfig;
import io.solaster.config.check.ConfigTree.Node;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;

/**
 * Checks a configuration by itself, and against a machine. It needs no framework: it reads {@link Range} from the records
 * and knows the rest. So service, operator and tests get the same answers, with the start-up time of no validation
 * provider. Any thread may call it.
 */
public final class ConfigValidator {
    private static final String SERVERS = "solaster.servers";
    private static final String UDP = "solaster.udp";
    private static final String POOLS = "solaster.pools";
    /** Each pair of shards has two lanes, so memory grows with the square: at this number it is a million of them. */
    private static final int MAX_SHARDS = 1024;
    private static final Duration MICROSECOND = Duration.ofNanos(1_000);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final int MAX_GROUPS = 64;
    static final Set<String> BUILT_IN_GROUPS = Set.of("critical", "default", "background", "maintenance");
    private static final Pattern GROUP_NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private final Findings findings = new Findings();

    private ConfigValidator() {}

    /** Everything that is wrong with it by itself, at once, errors and warnings; empty if nothing is. */
    public static List<Violation> check(SolasterConfig config) {
        ConfigValidator validator = new ConfigValidator();
        Findings findings = validator.findings;
        ConfigTree.visit("solaster", ConfigTree.ROOT, config, validator::range);
        validator.engine("solaster.engine", config.engine());
        ServerRules servers = new ServerRules(findings);
        config.servers().forEach((name, server) -> servers.server(entryKey(SERVERS, name), server));
        config.udp().forEach((name, server) -> servers.udp(entryKey(UDP, name), server));
        config.pools().forEach((name, pool) -> new PoolRules(findings, entryKey(POOLS, name), pool).check(name));
        LogRules logs = new LogRules(findings);
        logs.check(config.logs());
        logs.checkTopics(config.streams(), config.topics());
        new PluginRules(findings).check(config.plugins());
        StorePersistenceConfig kept = config.store().persistence();
        if (kept.directory() != null) {
            logs.check("solaster.store.persistence", kept.log(kept.directory()));
            findings.within("solaster.store.persistence.snapshot-after", kept.snapshotAfter(), "0B", "1024TB");
        } else if (kept.importFrom() != null) {
            findings.add("solaster.store.persistence.import-from", kept.importFrom(),
                    "what is imported is kept nowhere, as there is no directory",
                    "set solaster.store.persistence.directory, or import into a running server: java -jar"
                            + " solaster-store.jar import");
        }
        String events = config.store().notifyKeyspaceEvents();
        if (!events.matches("[Ag$lshzxeKEtmdn]*")) {
            findings.add("solaster.store.notify-keyspace-events", events,
                    "'" + events + "' has a letter that names no class of events",
                    "write letters of Ag$lshzxeKEtmdn, such as 'Ex' for keys that expire");
        }
        if (config.store().maxMemory().bytes() > 0) {
            findings.within("solaster.store.max-memory", config.store().maxMemory(), "1MB", "1024TB");
        }
        validator.groups("solaster.engine.groups", config);
        servers.http("solaster.web.http", config.web().http());
        servers.socket("solaster.web.socket", config.web().socket());
        servers.tls("solaster.web.tls", config.web().tls());
        findings.within("solaster.reload.debounce", config.reload().debounce(), Duration.ZERO, Duration.ofMinutes(1));
        findings.within("solaster.reload.poll-interval", config.reload().pollInterval(), Duration.ofMillis(100),
                Duration.ofDays(1));
        servers.ports(SERVERS, config.servers(), Math.clamp(config.engine().shards().count(), 1, MAX_SHARDS));
        servers.udpPorts(UDP, config.udp());
        findings.within("solaster.health.broken-after", config.health().brokenAfter(), SECOND, Duration.ofDays(1));
        validator.tracing(config.tracing());
        validator.doubts(config);
        return findings.violations();
    }

    /**
     * Everything that a machine, and a JVM on it, cannot give, errors and warnings; empty if nothing is. The configuration
     * by itself has been checked before.
     */
    public static List<Violation> check(SolasterConfig config, Machine machine, Jvm jvm) {
        Findings findings = new Findings();
        int shards = 1;
        try {
            shards = ShardPlanner.plan(machine, config.engine()).shards().size();
        } catch (InvalidConfigException e) {
            findings.addAll(e.violations());
        }
        if (config.engine().shards().count() == 0) {
            // Else it was asked already.
            new ServerRules(findings).shardPorts(SERVERS, config.servers(), shards);
        }
        new MachineRules(findings, config, machine, shards).check(jvm);
        return findings.violations();
    }

    /**
     * Everything that is wrong with topics, at once; empty if nothing is. A key is {@code topics.<name>} and the component of the
     * record, such as {@code topics.orders.maxEntry}.
     */
    public static List<Violation> checkTopics(Map<String, TopicConfig> topics) {
        Findings findings = new Findings();
        new LogRules(findings).checkTopics(topics);
        return findings.violations();
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

    /** Whether servers name accept policies that are there. */
    public static List<Violation> checkAcceptPolicies(SolasterConfig config, Collection<String> policies) {
        List<Violation> violations = new ArrayList<>();
        config.servers().forEach((name, server) -> {
            String policy = server.acceptPolicy();
            if (policy != null && !policies.contains(policy)) {
                violations.add(new Violation(entryKey(SERVERS, name) + ".accept-policy", policy,
                        "there is no bean of type AcceptPolicy of that name",
                        policies.isEmpty()
                                ? "add one, or leave the key out"
                                : "write one of " + String.join(", ", new TreeSet<>(policies)) + ", or add it"));
            }
        });
        return violations;
    }

    /**
     * Whether servers of datagrams speak what is there to be spoken.
     *
     * @param protocols the names that there are
     */
    public static List<Violation> checkDatagramProtocols(SolasterConfig config, Collection<String> protocols) {
        String known = protocols.stream().distinct().sorted().collect(Collectors.joining("', '", "'", "'"));
        List<Violation> violations = new ArrayList<>();
        config.udp().forEach((name, server) -> {
            if (server.protocol() != null && !protocols.contains(server.protocol())) {
                violations.add(new Violation(entryKey(UDP, name) + ".protocol", server.protocol(),
                        "'" + server.protocol() + "' is no protocol of datagrams here", protocols.isEmpty()
                                ? "there is none: add a bean of type DatagramProtocol"
                                : "write " + known + ", or add a bean of type DatagramProtocol"));
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

    /** The numbers, also of records in a list. */
    private void range(String key, Node node, @Nullable Object value) {
        Range range = node.range();
        if (range != null && value instanceof Number number
                && (number.longValue() < range.min() || number.longValue() > range.max())) {
            findings.add(key, value, value + " is out of range", "write a number from " + range.min()
                    + (range.max() == Long.MAX_VALUE ? "" : " to " + range.max()));
        }
        if (value instanceof List<?> list && node.isList()) {
            for (int i = 0; i < list.size(); i++) {
                ConfigTree.visit(key + "[" + i + "]", node.children().getFirst(), list.get(i), this::range);
            }
        }
    }

    private void engine(String key, EngineConfig engine) {
        int shards = engine.shards().count();
        if (shards > MAX_SHARDS) {
            findings.add(key + ".shards", shards, shards + " is out of range",
                    "write a number from 1 to " + MAX_SHARDS + ", or 'auto'");
        }
        findings.within(key + ".task-quota", engine.taskQuota(), MICROSECOND, SECOND);
        findings.within(key + ".files.depth-bytes", engine.files().depthBytes(), "4KB", "1GB");
        findings.within(key + ".files.queue-bytes", engine.files().queueBytes(), "4KB", "1TB");
        findings.within(key + ".files.latency-goal", engine.files().latencyGoal(), Duration.ZERO,
                Duration.ofMinutes(1));
        if (engine.memory().limit().bytes() > 0) {
            findings.within(key + ".memory.limit", engine.memory().limit(), "1MB", "1024TB");
        }
        findings.within(key + ".shutdown-timeout", engine.shutdownTimeout(), Duration.ZERO, Duration.ofHours(1));
        findings.within(key + ".idle.spin-for", engine.idle().spinFor(), MICROSECOND, SECOND);
        findings.within(key + ".idle.linger-for", engine.idle().lingerFor(), Duration.ZERO, SECOND);
        findings.within(key + ".stalls.threshold", engine.stalls().threshold(), Duration.ofMillis(1),
                Duration.ofDays(1));
        findings.within(key + ".stalls.grace", engine.stalls().grace(), Duration.ZERO, Duration.ofDays(1));
        int laneCapacity = engine.mesh().laneCapacity();
        if (laneCapacity > 1 && Integer.bitCount(laneCapacity) != 1) {
            int below = Integer.highestOneBit(laneCapacity);
            findings.add(key + ".mesh.lane-capacity", laneCapacity, laneCapacity + " is no power of two",
                    "write " + below + " or " + below * 2L);
        }
    }

    private void groups(String key, SolasterConfig config) {
        Map<String, GroupConfig> groups = config.engine().groups();
        groups.forEach((name, group) -> {
            String entry = entryKey(key, name);
            findings.within(entry + ".queue-timeout", group.queueTimeout(), Duration.ofMillis(1), Duration.ofHours(1));
            if (!GROUP_NAME.matcher(name).matches()) {
                findings.add(entry, name, "'" + name + "' cannot name a group",
                        "write lower-case letters, digits and '-', a letter first");
            }
        });
        Set<String> known = new TreeSet<>(BUILT_IN_GROUPS);
        known.addAll(groups.keySet());
        if (known.size() > MAX_GROUPS) {
            findings.add(key, known.size(), known.size() + " groups, the four built-in ones among them, are too many",
                    "write at most " + MAX_GROUPS);
        }
        config.servers()
                .forEach((name, server) -> known(entryKey(SERVERS, name) + ".group", server.group(), known, key));
        config.udp().forEach((name, server) -> known(entryKey(UDP, name) + ".group", server.group(), known, key));
        known("solaster.web.group", config.web().group(), known, key);
    }

    private void known(String key, @Nullable String group, Set<String> known, String groups) {
        if (group != null && !known.contains(group)) {
            findings.add(key, group, "'" + group + "' is no scheduling group",
                    "write one of " + String.join(", ", known) + ", or add it to " + groups);
        }
    }

    private void tracing(TracingConfig tracing) {
        Double probability = tracing.samplingProbability();
        if (probability != null && !(probability >= 0 && probability <= 1)) {
            findings.add("solaster.tracing.sampling-probability", probability, probability + " is out of range",
                    "write a number from 0 to 1, such as 0.01 for one request in a hundred");
        }
    }

    /** What can be, and is hardly meant. */
    private void doubts(SolasterConfig config) {
        EngineConfig engine = config.engine();
        if (engine.stalls().enabled() && engine.stalls().threshold().compareTo(engine.taskQuota()) < 0) {
            findings.warn("solaster.engine.stalls.threshold", print(engine.stalls().threshold()),
                    print(engine.stalls().threshold()) + " is less than the task quota (" + print(engine.taskQuota())
                            + "): what is in order would be reported",
                    "write a longer one, or a shorter solaster.engine.task-quota");
        }
        if (engine.idle().policy() == IdleConfig.Policy.SPIN && engine.pinning() == EngineConfig.Pinning.NEVER) {
            findings.warn("solaster.engine.idle.policy", "spin",
                    "shards that are not pinned spin on CPUs which others could use",
                    "write 'park', or pin the shards");
        }
        engine.groups().forEach((name, group) -> {
            if (group.whenFull() == GroupConfig.WhenFull.WAIT && group.maxQueued() == 0) {
                findings.warn(entryKey("solaster.engine.groups", name) + ".when-full", "wait",
                        "'wait' has no effect where the queue is never full", "write max-queued too");
            }
        });
        config.servers().forEach((name, server) -> {
            if (!server.protectedMode() && (server.password() == null || server.password().isEmpty())
                    && server.host() != null && !server.isUnix() && !ServerRules.LOOPBACK.contains(server.host())
                    && "resp".equalsIgnoreCase(server.protocol())) {
                findings.warn(entryKey(SERVERS, name) + ".protected-mode", "false",
                        "whoever reaches " + server.host() + " may read and write all keys",
                        "write a password, or 'true'");
            }
        });
    }
}
