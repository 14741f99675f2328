package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException.Violation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** A key that nothing reads is a mistake, and not passed over. */
class UnknownKeysTest {
    private static final Map<String, Object> FILE = Map.of("solaster.servers.kv.protocol", "resp",
            "solaster.servers.my-cache.protocol", "resp", "solaster.engine.groups.bulk.shares", 3,
            "solaster.pools.orders.endpoints[0]", "a:1", "solaster.pools.orders.endpoints[1].address", "b:1");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            solaster.engine.task-qouta         | write solaster.engine.task-quota
            solaster.engine.taskQouta          | write solaster.engine.task-quota
            solaster.shards                    | write solaster.engine.shards
            solaster.engine.transpot           | write solaster.engine.transport
            solaster.servers.kv.prot           | write solaster.servers.kv.port
            solaster.servers.kv.max-bulk       | write solaster.servers.kv.limits.max-bulk
            solaster.servers.kv.crypt.bundle   | write one of protocol, host, port, shard-ports, backlog, password, protected-mode, limits, group, ssl-bundle, client-auth, socket-mode, distribution, accept-policy, socket, proxy-protocol, tls, http below solaster.servers.kv
            solaster.pools.orders.endpoints[0].adress | write solaster.pools.orders.endpoints[0].address
            solaster.pools.orders.max-idle     | write solaster.pools.orders.connections.max-idle
            solaster.pools.orders.retries      | write solaster.pools.orders.requests.retries
            solaster.engine.groups.bulk.share  | write solaster.engine.groups.bulk.shares
            solaster.engine.shards.most        | write one of shards, smt,
            solaster.nonsense                  | write one of enabled, strict,
            """)
    void isToldWithTheNearestOne(String key, String fix) {
        assertThat(check(new MapPropertySource("file", Map.of(key, "1")))).singleElement().satisfies(violation -> {
            assertThat(violation.key()).isEqualToIgnoringCase(key);
            assertThat(violation.reason()).isEqualTo("there is no such key");
            assertThat(violation.fix()).startsWith(fix);
            assertThat(violation.isError()).isTrue();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"solaster.engine.taskQuota", "solaster.engine.task_quota", "solaster.engine.TASKQUOTA"})
    void howeverAKeyIsSpelledItIsKnown(String key) {
        assertThat(check(new MapPropertySource("file", Map.of(key, "1ms")))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"solaster.engine.shuffle-seed", "solaster.simulation.time", "solaster.simulation.seed",
            "solaster.simulation.report"})
    void flagsOfTestsAreNoKeys(String flag) {
        assertThat(check(new MapPropertySource("systemProperties", Map.of(flag, "42")))).isEmpty();
    }

    @Test
    void argumentsAndSystemPropertiesAreLookedAt() {
        assertThat(check(new SimpleCommandLinePropertySource("--solaster.engine.shard=2"))).singleElement()
                .hasToString(
                        "solaster.engine.shard: there is no such key; write solaster.engine.shards (command line)");
        assertThat(check(new MapPropertySource("systemProperties", Map.of("solaster.strct", "true")))).singleElement()
                .hasToString("solaster.strct: there is no such key; write solaster.strict (system property)");
    }

    @Test
    void anArgumentWithoutAValueIsTrue() {
        ConfigReport report = read(new SimpleCommandLinePropertySource("--solaster.strict"));
        assertThat(report.violations()).isEmpty();
        assertThat(report.config().strict()).isTrue();
        assertThat(check(new MapPropertySource("file", Map.of("solaster.strict", "")))).as("in a file").hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"SOLASTER_ENGINE_SHARDZ, SOLASTER_ENGINE_SHARDS",
            "SOLASTER_ENGINE_TASK_QOUTA, SOLASTER_ENGINE_TASKQUOTA",
            "SOLASTER_SERVERS_KV_PROT, SOLASTER_SERVERS_KV_PORT",
            "SOLASTER_POOLS_ORDERS_CONNECTIONS_MAXIDEL, SOLASTER_POOLS_ORDERS_CONNECTIONS_MAXIDLE",
            "SOLASTER_SERVERS_KV_LIMITS_MAXBULKS, SOLASTER_SERVERS_KV_LIMITS_MAXBULK"})
    void variablesAreLookedAt(String name, String fix) {
        assertThat(check(environment(Map.of(name, "1")))).singleElement().hasToString(
                name + ": there is no such key; write " + fix + " (environment variable " + name + ")");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SOLASTER_ENGINE_TASKQUOTA=1ms", "SOLASTER_ENGINE_TASK_QUOTA=1ms", "SOLASTER_STRICT=false",
            "SOLASTER_SERVERS_KV_PORT=6380", "SOLASTER_SERVERS_KV_LIMITS_MAX_BULK=1MB",
            "SOLASTER_SERVERS_KV_LIMITS_MAXBULK=1MB", "SOLASTER_ENGINE_GROUPS_BULK_SHARES=5", "SOLASTERISK_A=1",
            "SOLASTER_POOLS_ORDERS_ENDPOINTS=a:1,b:1", "SOLASTER_POOLS_ORDERS_ENDPOINTS_0_ADDRESS=a:1",
            "SOLASTER_POOLS_ORDERS_ENDPOINTS_0=a:1", "SOLASTER_POOLS_ORDERS_CONNECTIONS_MAX_IDLE=20s",
            "solaster_engine_shards=1"})
    void variablesOfEverySpellingAreKnown(String variable) {
        String[] parts = variable.split("=");
        assertThat(check(environment(Map.of(parts[0], parts[1])))).isEmpty();
    }

    @Test
    void linksToKubernetesServicesAreNoKeys() {
        Map<String, Object> links = new HashMap<>(Map.of("SOLASTER_SERVICE_HOST", "10.0.0.1", "SOLASTER_SERVICE_PORT",
                "6379", "SOLASTER_SERVICE_PORT_RESP", "6379", "SOLASTER_PORT", "tcp://10.0.0.1:6379",
                "SOLASTER_PORT_6379_TCP", "tcp://10.0.0.1:6379", "SOLASTER_PORT_6379_TCP_PROTO", "tcp",
                "SOLASTER_PORT_6379_TCP_PORT", "6379", "SOLASTER_PORT_6379_TCP_ADDR", "10.0.0.1"));
        links.put("SOLASTER_DEMO_SERVICE_HOST", "10.0.0.2");
        links.put("SOLASTER_DEMO_PORT_53_UDP_ADDR", "10.0.0.2");
        links.put("SOLASTER_DEMO_PORT", "udp://10.0.0.2:53");
        ConfigReport report = read(environment(links));
        assertThat(report.violations()).isEmpty();
        assertThat(report.ignored()).containsExactlyInAnyOrderElementsOf(links.keySet());
        assertThat(check(environment(Map.of("SOLASTER_PORT", "6379")))).as("no link").hasSize(1);
    }

    @Test
    void aLinkThatLooksLikeAKeyIsTold() {
        assertThat(check(environment(Map.of("SOLASTER_SERVERS_KV_PORT", "tcp://10.0.0.1:6379")))).singleElement()
                .hasToString("solaster.servers.kv.port: 'tcp://10.0.0.1:6379' is no number but the link to a Kubernetes"
                        + " Service; set enableServiceLinks: false in the pod, or give the Service another name"
                        + " (environment variable SOLASTER_SERVERS_KV_PORT)");
    }

    @Test
    void aSecretUnderAWrongNameIsNotShown() {
        assertThat(check(new MapPropertySource("file", Map.of("solaster.servers.kv.pasword", "hunter2"))))
                .singleElement().satisfies(violation -> {
                    assertThat(violation.value()).isEqualTo("******");
                    assertThat(violation.fix()).isEqualTo("write solaster.servers.kv.password");
                });
    }

    @Test
    void whatStandsBelowAValueThatIsNoGroupIsToldOnce() {
        assertThat(check(new MapPropertySource("file", Map.of("solaster.engine", "5", "solaster.engine.shards", "1"))))
                .extracting(Violation::reason).containsExactly("'5' stands where keys should");
    }

    @Test
    void keysOfOthersAreTheirs() {
        assertThat(check(new MapPropertySource("file", Map.of("solasterisk.a", "1", "server.port", "1")))).isEmpty();
    }

    private static PropertySource<?> environment(Map<String, Object> variables) {
        return new SystemEnvironmentPropertySource("systemEnvironment", variables);
    }

    private static List<Violation> check(PropertySource<?> source) {
        return read(source).violations();
    }

    private static ConfigReport read(PropertySource<?> source) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("application", FILE));
        environment.getPropertySources().remove("systemEnvironment");
        environment.getPropertySources().addFirst(source);
        return ConfigBinder.read(Binder.get(environment));
    }
}
