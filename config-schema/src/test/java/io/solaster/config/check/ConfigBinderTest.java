package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.FileLimitsConfig;
import io.solaster.config.FilesConfig;
import io.solaster.config.GroupConfig;
import io.solaster.config.IdleConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Severity;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.MemoryConfig;
import io.solaster.config.MeshConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.config.ReloadConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.ProxyConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.server.WebSocketQueueConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.Housekeeping;
import io.solaster.config.value.ShardCount;
import io.solaster.config.value.TlsProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

class ConfigBinderTest {

    @Test
    void anEmptyConfigurationGivesTheDefaultsThatNeedNoFramework() {
        assertThat(bind(Map.of())).isEqualTo(SolasterConfig.defaults());
        assertThat(bind(Map.of("solaster.servers.kv.protocol", "resp", "solaster.servers.kv.port", "6380")).servers())
                .containsExactly(Map.entry("kv", ServerConfig.of("resp", 6380)));
    }

    @Test
    void readsEveryKey() throws IOException {
        SolasterConfig config = yaml("""
                solaster:
                  enabled: false
                  strict: true
                  validate: true
                  reload:
                    enabled: false
                    debounce: 1s
                    poll-interval: 1m
                  engine:
                    shards: 3
                    smt: true
                    pinning: always
                    housekeeping: 0-1,4
                    transport: io_uring
                    idle:
                      policy: spin
                      spin-for: 50us
                      linger-for: 10us
                    task-quota: 2ms
                    mesh:
                      lane-capacity: 64
                      high-water-mark: 100
                    memory:
                      limit: 1GB
                      pressure-at: 70
                      huge-pages: off
                      bind-nodes: false
                    files:
                      access: threads
                      depth: 9
                      depth-bytes: 1MB
                      queue-capacity: 99
                      queue-bytes: 2MB
                      limits:
                        read-bytes-per-second: 3MB
                        write-bytes-per-second: 4MB
                        reads-per-second: 5
                        writes-per-second: 6
                      latency-goal: 7ms
                    offload:
                      threads: 2
                      file-threads: 3
                      handshake-threads: 5
                      queue-capacity: 8
                    checks: full
                    shutdown-timeout: 1m
                    stalls:
                      enabled: false
                      threshold: 5ms
                      reports-per-minute: 9
                      grace: 3s
                    groups:
                      bulk:
                        shares: 7
                        rate-limit: 1000
                        max-queued: 64
                        when-full: wait
                        queue-timeout: 20ms
                        mesh-permits: 128
                  servers:
                    kv:
                      protocol: resp
                      host: 0.0.0.0
                      port: 6380
                      backlog: 16
                      password: secret
                      protected-mode: false
                      limits:
                        max-connections: 5
                        max-connections-per-address: 3
                        idle-timeout: 10s
                        output-buffer: 1MB
                        max-arguments: 10
                        max-bulk: 2048
                        max-inline: 1KB
                        commands-per-turn: 7
                        bytes-per-turn: 4KB
                        subscribers:
                          output-buffer: 3MB
                          soft-output-buffer: 2MB
                          soft-time: 9s
                          max-subscriptions: 70
                          memory: 1MB
                          policy: drop-oldest
                          queue-bytes: 5KB
                          queue-messages: 6
                          wait-for: 8s
                      group: bulk
                      ssl-bundle: web
                      client-auth: need
                      socket-mode: 660
                      distribution: least-connections
                      shard-ports: 7000
                      accept-policy: mine
                      socket:
                        no-delay: false
                        keep-alive: false
                        keep-alive-idle: 30s
                        keep-alive-interval: 5s
                        keep-alive-count: 4
                        user-timeout: 20s
                        fast-open: 64
                        send-buffer: 64KB
                        receive-buffer: 128KB
                        write-high-water-mark: 1MB
                        write-low-water-mark: 256KB
                        zero-copy-from: 2MB
                        half-close: true
                      proxy-protocol: {trusted: 10.0.0.0/8, timeout: 3s}
                      tls: {provider: openssl, server-names: {shop: '*.shop.example'}, unknown-names: refuse,
                        handshake-timeout: 1s, handshakes-per-turn: 2, max-handshakes: 3, tickets: false,
                        ticket-rotation: 4s, session-cache-size: 5, session-timeout: 6s, expiry-warning: 7d}
                      http:
                        header-timeout: 1s
                        body-timeout: 2s
                        request-timeout: 3s
                        keep-alive-timeout: 4s
                        max-target: 1KB
                        max-header-size: 2KB
                        max-headers: 3
                        max-body: 4KB
                        min-body-rate: 9B
                        half-close: true
                        max-pipelined: 5
                        server-header: Mine
                        compression:
                          enabled: true
                          min-size: 1B
                          level: 9
                          encodings: gzip
                          mime-types: text/*
                        access-log:
                          enabled: true
                          format: json
                          sample: 0.25
                          slow: 1s
                          file: /var/log/access.log
                        websocket:
                          max-frame: 1KB
                          max-message: 2KB
                          ping-interval: 1s
                          idle-timeout: 2s
                          close-timeout: 3s
                          queue:
                            size: 4KB
                            policy: drop-oldest
                          compression:
                            enabled: true
                            level: 9
                            threshold: 5B
                            context-takeover: true
                        http2:
                          enabled: false
                          max-concurrent-streams: 9
                          initial-window: 32KB
                          max-frame: 64KB
                          max-resets: 8
                          upgrade: true
                """);
        assertThat(config.enabled()).isFalse();
        assertThat(config.strict()).isTrue();
        assertThat(config.validate()).isTrue();
        assertThat(config.reload()).isEqualTo(new ReloadConfig(false, Duration.ofSeconds(1), Duration.ofMinutes(1)));
        assertThat(config.engine()).isEqualTo(new EngineConfig(new ShardCount(3), true, Pinning.ALWAYS,
                new Housekeeping(CpuSet.of(0, 1, 4)), Transport.IO_URING,
                new IdleConfig(IdleConfig.Policy.SPIN, Duration.ofNanos(50_000), Duration.ofNanos(10_000)),
                Duration.ofMillis(2),
                new MeshConfig(64, 100), new OffloadConfig(2, 3, 5, 8),
                new FilesConfig(FilesConfig.Access.THREADS, 9, new ByteSize(1 << 20), 99, new ByteSize(2 << 20),
                        new FileLimitsConfig(new ByteSize(3 << 20), new ByteSize(4 << 20), 5, 6),
                        Duration.ofMillis(7)),
                new MemoryConfig(new ByteSize(1L << 30), 70, MemoryConfig.HugePages.OFF, false),
                OwnerChecks.FULL, Duration.ofMinutes(1),
                Map.of("bulk", new GroupConfig(7, 1000, 64, GroupConfig.WhenFull.WAIT, Duration.ofMillis(20), 128)),
                new StallConfig(false, Duration.ofMillis(5), 9, Duration.ofSeconds(3))));
        assertThat(config.servers()).containsExactly(Map.entry("kv",
                new ServerConfig("resp", "0.0.0.0", 6380, 7000, 16, "secret", false,
                        new LimitsConfig(5, 3, Duration.ofSeconds(10), new ByteSize(1 << 20), 10, new ByteSize(2048),
                                new ByteSize(1024), 7, new ByteSize(4096),
                                new SubscriberConfig(new ByteSize(3 << 20), new ByteSize(2 << 20),
                                        Duration.ofSeconds(9), 70, new ByteSize(1 << 20),
                                        SubscriberConfig.Policy.DROP_OLDEST, new ByteSize(5 << 10), 6,
                                        Duration.ofSeconds(8))),
                        "bulk", "web", ServerConfig.ClientAuth.NEED, "660",
                        ServerConfig.Distribution.LEAST_CONNECTIONS, "mine",
                        new SocketConfig(false, false, Duration.ofSeconds(30), Duration.ofSeconds(5), 4,
                                Duration.ofSeconds(20), 64, new ByteSize(1 << 16), new ByteSize(1 << 17),
                                new ByteSize(1 << 20), new ByteSize(1 << 18), new ByteSize(1 << 21), true),
                        new ProxyProtocolConfig("10.0.0.0/8", Duration.ofSeconds(3)),
                        new TlsConfig(TlsProvider.OPENSSL, Map.of("shop", "*.shop.example"),
                                TlsConfig.UnknownNames.REFUSE, Duration.ofSeconds(1), 2, 3, false,
                                Duration.ofSeconds(4), 5, Duration.ofSeconds(6), Duration.ofDays(7)),
                        new HttpConfig(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(3),
                                Duration.ofSeconds(4), new ByteSize(1024), new ByteSize(2048), 3, new ByteSize(4096),
                                new ByteSize(9), 5, "Mine",
                                new CompressionConfig(true, new ByteSize(1), 9, "gzip", "text/*"),
                                new WebSocketConfig(new ByteSize(1024), new ByteSize(2048), Duration.ofSeconds(1),
                                        Duration.ofSeconds(2), Duration.ofSeconds(3),
                                        new WebSocketQueueConfig(new ByteSize(4096),
                                                WebSocketQueueConfig.Policy.DROP_OLDEST),
                                        new WebSocketCompressionConfig(true, 9, new ByteSize(5), true)),
                                new AccessLogConfig(true, AccessLogConfig.Format.JSON, 0.25,
                                        Duration.ofSeconds(1), "/var/log/access.log"),
                                true, new Http2Config(false, 9, new ByteSize(32 << 10), new ByteSize(64 << 10), 8,
                                        true)))));
    }

    @Test
    void readsEndpointsInEachWay() throws IOException {
        EndpointConfig a = EndpointConfig.valueOf("a:1");
        EndpointConfig b = EndpointConfig.valueOf("b:2");
        assertThat(yaml("""
                solaster:
                  pools:
                    orders:
                      endpoints:
                        - a:1
                        - b:2
                        - {address: '[::1]:3', weight: 5, priority: 1, zone: east, numa-node: 0}
                """).pools()).containsExactly(Map.entry("orders", PoolConfig.of(PoolConfig.Protocol.HTTP, a, b,
                new EndpointConfig("[::1]:3", 5, 1, "east", 0))));
        assertThat(yaml("solaster.pools.orders.endpoints: a:1, b:2").pools().get("orders").endpoints())
                .containsExactly(a, b);
        assertThat(yaml("solaster.pools.orders.endpoints: a:1").pools().get("orders").endpoints()).containsExactly(a);
        assertThat(yaml("solaster.pools.orders: {protocol: resp, endpoints: []}").pools().get("orders"))
                .isEqualTo(PoolConfig.of(PoolConfig.Protocol.RESP));
        assertThat(bind(Map.of("solaster.pools.orders.endpoints[0]", "a:1", "solaster.pools.orders.endpoints[1]",
                "b:2")).pools().get("orders").endpoints()).containsExactly(a, b);
    }

    @Test
    void readsEveryKeyOfAPool() throws IOException {
        assertThat(
                yaml("""
                        solaster:
                          pools:
                            cache:
                              protocol: resp
                              endpoints: [a:1]
                              discovery: {type: kubernetes, name: cache, port: 2, namespace: shop, refresh: 3s, min-refresh: 2s}
                              balancing: {algorithm: ring-hash, slow-start: 1s, zone: east, numa-aware: true, bounded-load: 2,
                                decay: 5s, key: 'header:X-Tenant'}
                              connections: {max: 20, max-per-shard: 10, max-per-endpoint: 5, max-requests: 7, min-idle: 1,
                                warm-up: 1s, max-pending: 8, max-connecting: 2, acquire-timeout: 2s, connect-timeout: 3s,
                                max-idle: 4s, max-lifetime: 5s, validate-after: 6s, user-timeout: 7s, keep-alive: 8s,
                                leak-after: 9s}
                              requests: {timeout: 5s, try-timeout: 2s, retries: 3, backoff: 1ms, max-backoff: 2ms,
                                retry-budget: 0.5, min-retries: 4, hedge-after: 1s, hedge-percentile: 99,
                        max-requests: 6}
                              health:
                                check: {type: resp, interval: 1s, timeout: 2s, healthy-after: 3, unhealthy-after: 4, path: /x,
                                  host: h, min-status: 201, max-status: 204}
                                outliers: {consecutive-errors: 1, interval: 2s, min-requests: 3, min-endpoints: 4,
                                  success-deviations: 5, latency-factor: 6, ejection: 7s, max-ejection: 8s,
                                  max-ejection-percent: 9}
                                breaker: {enabled: false, error-percent: 1, min-requests: 2, window: 3s, open-for: 4s, trials: 5}
                                panic-threshold: 20
                                overprovision: 150
                              ssl: {bundle: cache, enabled: true, server-name: s, verify-hostname: false, provider: jdk}
                              proxy: {type: socks5, address: 'p:1', username: u, password: secret, proxy-protocol: v2}
                              http: {version: http-2, host: shop.example}
                              resp: {version: 2, username: u, password: secret, database: 3, client-name: me, exclusive: 5}
                        """)
                        .pools().get("cache"))
                .isEqualTo(new PoolConfig(PoolConfig.Protocol.RESP,
                        List.of(EndpointConfig.valueOf("a:1")),
                        new DiscoveryConfig(DiscoveryConfig.Type.KUBERNETES, "cache", 2, "shop",
                                Duration.ofSeconds(3),
                                Duration.ofSeconds(2)),
                        new BalancingConfig(BalancingConfig.Algorithm.RING_HASH, Duration.ofSeconds(1), "east",
                                true, 2,
                                Duration.ofSeconds(5), "header:X-Tenant"),
                        new ConnectionsConfig(20, 10, 5, 7, 1, Duration.ofSeconds(1), 8, 2, Duration.ofSeconds(2),
                                Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ofSeconds(5),
                                Duration.ofSeconds(6),
                                Duration.ofSeconds(7), Duration.ofSeconds(8), Duration.ofSeconds(9)),
                        new RequestsConfig(Duration.ofSeconds(5), Duration.ofSeconds(2), 3, Duration.ofMillis(1),
                                Duration.ofMillis(2), 0.5, 4, Duration.ofSeconds(1), 99, 6),
                        new PoolHealthConfig(
                                new CheckConfig(CheckConfig.Type.RESP, Duration.ofSeconds(1),
                                        Duration.ofSeconds(2), 3,
                                        4, "/x", "h", 201, 204),
                                new OutlierConfig(1, Duration.ofSeconds(2), 3, 4, 5, 6, Duration.ofSeconds(7),
                                        Duration.ofSeconds(8), 9),
                                new BreakerConfig(false, 1, 2, Duration.ofSeconds(3), Duration.ofSeconds(4), 5), 20,
                                150),
                        new SslConfig("cache", true, "s", false, TlsProvider.JDK),
                        new ProxyConfig(ProxyConfig.Type.SOCKS5, "p:1", "u", "secret",
                                ProxyConfig.ProxyProtocol.V2),
                        PoolHttpConfig.of(PoolHttpConfig.Version.HTTP_2).withHost("shop.example"),
                        new RespConfig(2, "u", "secret", 3, "me", 5)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "io-uring", "IO_URING", "iouring", "Io_Uring"})
    void readsAChoiceHoweverItIsSpelled(String transport) {
        assertThat(bind(Map.of("solaster.engine.transport", transport)).engine().transport())
                .isEqualTo(Transport.IO_URING);
    }

    @ParameterizedTest
    @CsvSource({"auto, auto", "AUTO, auto", "none, none", "3, 3", "'0-1,5', '0-1,5'", "' 2', 2"})
    void readsHousekeeping(String written, String read) {
        assertThat(bind(Map.of("solaster.engine.housekeeping", written)).engine().housekeeping()).hasToString(read);
    }

    @Test
    void readsNumbersThatAreNoTexts() {
        SolasterConfig config = bind(Map.of("solaster.engine.shards", 2, "solaster.engine.housekeeping", 0,
                "solaster.servers.kv.protocol", "resp",
                "solaster.servers.kv.limits.max-bulk", 4096,
                "solaster.servers.kv.limits.output-buffer", 1L << 33));
        assertThat(config.engine().shards()).isEqualTo(new ShardCount(2));
        assertThat(config.engine().housekeeping()).hasToString("0");
        assertThat(config.servers().get("kv").limits().maxBulk()).isEqualTo(new ByteSize(4096));
        assertThat(config.servers().get("kv").limits().outputBuffer()).isEqualTo(new ByteSize(1L << 33));
    }

    @Test
    void readsYamlWhoseOffIsABoolean() throws IOException {
        assertThat(yaml("solaster.engine.checks: off").engine().checks()).isEqualTo(OwnerChecks.OFF);
    }

    @Test
    void readsKeysWithNothingBelowThem() throws IOException {
        assertThat(yaml("""
                solaster:
                  engine:
                  servers:
                """)).isEqualTo(SolasterConfig.defaults());
        assertThat(yaml("solaster:")).isEqualTo(SolasterConfig.defaults());
    }

    @Test
    void readsAnEnvironmentWithItsPlaceholdersAndPrecedence() {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("file", Map.of("solaster.engine.shards",
                "${CORES:2}", "solaster.servers.kv.protocol", "resp", "solaster.servers.kv.port", "6380")));
        environment.getPropertySources().replace("systemEnvironment",
                new SystemEnvironmentPropertySource("systemEnvironment",
                        Map.of("SOLASTER_SERVERS_EXTRA_PROTOCOL", "resp", "SOLASTER_ENGINE_TASKQUOTA", "1ms")));
        SolasterConfig config = ConfigBinder.bind(Binder.get(environment));
        assertThat(config.engine().shards()).isEqualTo(new ShardCount(2));
        assertThat(config.engine().taskQuota()).isEqualTo(Duration.ofMillis(1));
        assertThat(config.servers()).containsOnlyKeys("kv", "extra");
    }

    @Test
    void keepsTheOrderOfServers() throws IOException {
        assertThat(yaml("""
                solaster.servers:
                  z: {protocol: resp, port: 1}
                  a: {protocol: resp, port: 2}
                  m: {protocol: resp, port: 3}
                """).servers().keySet()).containsExactly("z", "a", "m");
    }

    @Test
    void reportsEverythingThatIsWrongAtOnce() throws IOException {
        InvalidConfigException e = refusal("""
                solaster:
                  engine:
                    shards: lots
                    pinning: sometimes
                    housekeeping: 3-1
                    smt: maybe
                    task-quota: soon
                    mesh:
                      lane-capacity: 1000
                    offload: none
                  servers:
                    kv:
                      protocol: resp
                      port: 70000
                      limits:
                        max-bulk: big
                        max-connections: 0
                    other:
                      host: 127.0.0.1
                      port: x
                """);
        assertThat(e.getMessage().replaceAll(" \\(test.yml:\\d+:\\d+\\)(?m:$)", "")).isEqualTo(
                """
                        solaster.engine.shards: 'lots' is no number of shards; give a number from 1, or 'auto'
                        solaster.engine.smt: 'maybe' is neither true nor false; write true or false
                        solaster.engine.pinning: 'sometimes' is no choice here; write one of auto, always, never
                        solaster.engine.housekeeping: '3-1' in the CPU list '3-1' runs backwards; write '1-3'
                        solaster.engine.task-quota: 'soon' is no duration; write a number and its unit, such as 500us, 20ms, 10s or 5m
                        solaster.engine.offload: 'none' stands where keys should; write keys and values below it
                        solaster.servers.kv.limits.max-bulk: 'big' is no size; write it like '512', '64KB' or '2GB'
                        solaster.servers.other.port: 'x' is no whole number, or too large a one; write one up to 2147483647
                        solaster.servers.kv.port: 70000 is out of range; write a number from 0 to 65535
                        solaster.servers.kv.limits.max-connections: 0 is out of range; write a number from 1
                        solaster.engine.mesh.lane-capacity: 1000 is no power of two; write 512 or 1024
                        solaster.servers.other.protocol: nothing is given; write the protocol that it speaks, such as 'resp'""");
        assertThat(e.violations()).first().isEqualTo(new Violation("solaster.engine.shards", "lots",
                "'lots' is no number of shards", "give a number from 1, or 'auto'", Severity.ERROR, "test.yml:3:13"));
        assertThat(e.violations()).allSatisfy(violation -> assertThat(violation.origin()).startsWith("test.yml:"));
        assertThat(e.violations()).filteredOn(violation -> violation.value().isEmpty()).singleElement()
                .satisfies(missing -> assertThat(missing.origin()).as("beside where it should be")
                        .isEqualTo("test.yml:19:13"));
    }

    @Test
    void aProbabilityMayBeWrittenAsANumberOrNotAtAll() {
        String key = "solaster.tracing.sampling-probability";
        assertThat(bind(Map.of()).tracing().samplingProbability()).isNull();
        assertThat(bind(Map.of(key, "")).tracing().samplingProbability()).isNull();
        assertThat(bind(Map.of(key, "0.01")).tracing().samplingProbability()).isEqualTo(0.01);
        assertThat(bind(Map.of(key, 1)).tracing().samplingProbability()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            solaster.engine.shards | 0 | "'0' is no number of shards"
            solaster.engine.shards | -1 | "'-1' is no number of shards"
            solaster.engine.shards | 2.5 | "'2.5' is no number of shards"
            solaster.tracing.sampling-probability | 1% | "'1%' is no number"
            solaster.tracing.sampling-probability | 1.5 | "1.5 is out of range"
            solaster.tracing.sampling-probability | NaN | "NaN is out of range"
            solaster.pools.a.connections.max | many | "'many' is no whole number"
            solaster.pools.a.requests.retry-budget | some | "'some' is no number"
            solaster.pools.a.endpoints[0].address | nowhere | "'nowhere' has no port"
            solaster.pools.a | a:1 | "'a:1' stands where keys should"
            solaster.servers | kv | "'kv' stands where keys should"
            solaster.servers.kv | resp | "'resp' stands where keys should"
            solaster.engine | 5 | "'5' stands where keys should"
            solaster | 5 | "'5' stands where keys should"
            solaster.engine.mesh.lane-capacity | 99999999999 | "'99999999999' is no whole number"
            solaster.engine.housekeeping | "" | "nothing is given"
            solaster.engine.task-quota | -5us | "-5us is out of range"
            solaster.engine.shards | ${CORES} | "'${CORES}' is no number of shards"
            """)
    void refusesAValueByItsKey(String key, String value, String reason) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("test", Map.of(key, value)));
        InvalidConfigException e = catchThrowableOfType(InvalidConfigException.class,
                () -> ConfigBinder.bind(Binder.get(environment)));
        assertThat(e.violations()).first().satisfies(violation -> {
            assertThat(violation.key()).isEqualTo(key);
            assertThat(violation.value()).isEqualTo(value);
            assertThat(violation.reason()).startsWith(reason);
            assertThat(violation.fix()).isNotBlank();
        });
    }

    private static SolasterConfig bind(Map<String, ?> properties) {
        return ConfigBinder.bind(new Binder(new MapConfigurationPropertySource(properties)));
    }

    @ParameterizedTest
    @CsvSource({"solaster.engine.groups.reports.shares, 70", "solaster.engine.groups.my-own.shares, 7",
            "solaster.servers.kv.limits.max-connections, 9", "solaster.servers.kv.port, 6381",
            "solaster.engine.task-quota, 1ms", "solaster.engine.task-quota, soon", "solaster.engine.shards, -1",
            "solaster.servers.kv.group, nobody", "solaster.pools.orders.endpoints[1].weight, 7",
            "solaster.pools.orders.endpoints[1].weight, 0", "solaster.pools.orders.endpoints[0], c:1",
            "solaster.pools.orders.connections.max-idle, 5s", "solaster.strict, true",
            "solaster.servers.kv.limits.max-bulk, 1GB"})
    void readsAnotherValueAloneAsItReadsAll(String key, String value) {
        Map<String, String> values = new HashMap<>(Map.of("solaster.engine.groups.reports.shares", "50",
                "solaster.engine.groups.my-own.shares", "5", "solaster.servers.kv.limits.max-connections", "5",
                "solaster.servers.kv.protocol", "resp", "solaster.servers.kv.port", "6380",
                "solaster.engine.task-quota", "2ms", "solaster.engine.shards", "2", "solaster.servers.kv.group",
                "reports", "solaster.strict", "false", "solaster.servers.kv.limits.max-bulk", "1MB"));
        values.putAll(Map.of("solaster.pools.orders.endpoints[0]", "a:1", "solaster.pools.orders.endpoints[1].address",
                "b:1", "solaster.pools.orders.endpoints[1].weight", "2", "solaster.pools.orders.connections.max-idle",
                "10s"));
        ConfigReport before = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(values)));
        values.put(key, value);
        Binder binder = new Binder(new MapConfigurationPropertySource(values));
        ConfigReport all = ConfigBinder.read(binder);
        ConfigReport alone = ConfigBinder.read(binder, before, List.of(ConfigurationPropertyName.of(key)));
        assertThat(alone.config()).isEqualTo(all.config());
        assertThat(alone.violations()).isEqualTo(all.violations());
    }

    private static SolasterConfig yaml(String document) throws IOException {
        StandardEnvironment environment = new StandardEnvironment();
        new YamlPropertySourceLoader()
                .load("test", new ByteArrayResource(document.getBytes(StandardCharsets.UTF_8)) {
                    @Override
                    public String getDescription() {
                        return "test.yml";
                    }
                })
                .forEach(environment.getPropertySources()::addFirst);
        return ConfigBinder.bind(Binder.get(environment));
    }

    private static InvalidConfigException refusal(String document) {
        return catchThrowableOfType(InvalidConfigException.class, () -> yaml(document));
    }
}
