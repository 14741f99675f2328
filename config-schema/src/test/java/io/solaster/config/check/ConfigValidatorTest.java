package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.FileLimitsConfig;
import io.solaster.config.FilesConfig;
import io.solaster.config.GroupConfig;
import io.solaster.config.IdleConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.MemoryConfig;
import io.solaster.config.MeshConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.WebConfig;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.RecordedMachines;
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
import io.solaster.config.server.UdpConfig;
import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.server.WebSocketQueueConfig;
import io.solaster.config.server.WebSocketQueueConfig.Policy;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.Housekeeping;
import io.solaster.config.value.Range;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigValidatorTest {
    private static final EngineConfig ENGINE = EngineConfig.defaults();
    private static final Jvm JVM = new Jvm(1 << 28, "6.18.5");
    private static final ServerConfig KV = ServerConfig.of("resp", 6380);

    @Test
    void theDefaultsAreValid() {
        assertThat(ConfigValidator.check(SolasterConfig.defaults())).isEmpty();
        assertThat(ConfigValidator.check(servers(Map.of("kv", KV)))).isEmpty();
        SolasterConfig config = servers(Map.of("kv", KV));
        assertThat(ConfigValidator.validate(config)).isSameAs(config);
    }

    @Test
    void aLaneIsAPowerOfTwo() {
        assertThat(check(Changed.with(ENGINE, "mesh", new MeshConfig(4096, 1)))).isEmpty();
        assertThat(check(Changed.with(ENGINE, "mesh", new MeshConfig(1000, 4096)))).containsExactly(
                new Violation("solaster.engine.mesh.lane-capacity", "1000", "1000 is no power of two",
                        "write 512 or 1024"));
    }

    @Test
    void shardsHaveABound() {
        assertThat(check(ENGINE.withShards(1024))).isEmpty();
        assertThat(check(ENGINE.withShards(1025))).extracting(Violation::toString).containsExactly(
                "solaster.engine.shards: 1025 is out of range; write a number from 1 to 1024, or 'auto'");
    }

    @Test
    void durationsHaveARange() {
        assertThat(check(Changed.with(ENGINE, "taskQuota", Duration.ZERO))).extracting(Violation::toString)
                .containsExactly(
                        "solaster.engine.task-quota: 0s is out of range; write a duration from 1us to 1s");
        assertThat(check(ENGINE.withShutdownTimeout(Duration.ofSeconds(-1)))).extracting(Violation::toString)
                .containsExactly(
                        "solaster.engine.shutdown-timeout: -1s is out of range; write a duration from 0s to 1h");
        assertThat(check(ENGINE.withShutdownTimeout(Duration.ZERO))).isEmpty();
        assertThat(check(Changed.with(ENGINE, "stalls", new StallConfig(true, Duration.ZERO, -1, Duration.ZERO))))
                .extracting(Violation::key)
                .containsExactlyInAnyOrder("solaster.engine.stalls.threshold",
                        "solaster.engine.stalls.reports-per-minute");
        assertThat(check(ENGINE.withIdle(new IdleConfig(IdleConfig.Policy.SPIN, Duration.ofMinutes(1),
                Duration.ofNanos(-1))))).extracting(Violation::key)
                .containsExactly("solaster.engine.idle.spin-for", "solaster.engine.idle.linger-for");
    }

    @Test
    void limitsHaveARange() {
        LimitsConfig none = new LimitsConfig(0, -1, Duration.ofNanos(-1), new ByteSize(0), 0, new ByteSize(0),
                new ByteSize(0), 0, new ByteSize(0), new SubscriberConfig(new ByteSize(0), new ByteSize(0),
                        Duration.ofNanos(-1), 0, new ByteSize(0), SubscriberConfig.Policy.WAIT, new ByteSize(0), 0,
                        Duration.ZERO));
        assertThat(ConfigValidator.check(servers(Map.of("kv", KV.withLimits(none))))).extracting(Violation::key)
                .containsExactlyInAnyOrder(Stream
                        .of("max-connections", "max-connections-per-address", "idle-timeout", "output-buffer",
                                "max-arguments", "max-bulk",
                                "max-inline", "commands-per-turn", "bytes-per-turn", "subscribers.output-buffer",
                                "subscribers.soft-time", "subscribers.max-subscriptions", "subscribers.memory",
                                "subscribers.queue-bytes", "subscribers.queue-messages", "subscribers.wait-for")
                        .map("solaster.servers.kv.limits."::concat).toArray(String[]::new));
    }

    @Test
    void whatHoldsForHttpHasARange() {
        HttpConfig none = new HttpConfig(Duration.ZERO, Duration.ZERO, Duration.ofNanos(-1), Duration.ofDays(2),
                new ByteSize(1), new ByteSize(1), 0, new ByteSize(1L << 31), new ByteSize(1L << 31), 0, "a\r\nb: c",
                new CompressionConfig(true, new ByteSize(1L << 40), 10, "gzip, deflate", "text/html, json"),
                WebSocketConfig.defaults(),
                new AccessLogConfig(true, AccessLogConfig.Format.JSON, 1.5, Duration.ofNanos(1), " "), true,
                new Http2Config(true, 0, new ByteSize(1), new ByteSize(1L << 24), 0, false));
        assertThat(ConfigValidator.check(servers(Map.of("web", KV.withHttp(none))))).extracting(Violation::key)
                .containsExactlyInAnyOrder(Stream
                        .of("header-timeout", "body-timeout", "request-timeout", "keep-alive-timeout", "max-target",
                                "max-header-size", "max-headers", "max-body", "min-body-rate", "max-pipelined",
                                "server-header", "compression.min-size", "compression.level",
                                "compression.encodings", "compression.mime-types", "access-log.sample",
                                "access-log.slow", "access-log.file", "http2.max-concurrent-streams",
                                "http2.initial-window",
                                "http2.max-frame", "http2.max-resets")
                        .map("solaster.servers.web.http."::concat).toArray(String[]::new));
        assertThat(ConfigValidator.check(servers(Map.of("web",
                KV.withHttp(Changed.with(Changed
                        .with(HttpConfig.defaults(), "keepAliveTimeout", Duration.ZERO, "requestTimeout", Duration.ZERO)
                        .withServerHeader("Solaster 1")
                        .withCompression(Changed.with(CompressionConfig.defaults(), "encodings", "gzip, br",
                                "mimeTypes", "text/*, application/ld+json")),
                        "accessLog",
                        Changed.with(AccessLogConfig.defaults(), "sample", 0, "slow", Duration.ofSeconds(1))))))))
                .isEmpty();
    }

    @Test
    void whatHoldsForWebSocketsHasARange() {
        WebSocketConfig none = new WebSocketConfig(new ByteSize(1), new ByteSize(1L << 31), Duration.ofNanos(-1),
                Duration.ofNanos(-1), Duration.ZERO, new WebSocketQueueConfig(new ByteSize(0), Policy.CLOSE),
                new WebSocketCompressionConfig(true, 0, new ByteSize(1L << 40), false));
        assertThat(
                ConfigValidator.check(
                        servers(Map.of("web", KV.withHttp(Changed.with(HttpConfig.defaults(), "websocket", none))))))
                .extracting(Violation::key)
                .containsExactlyInAnyOrder(Stream
                        .of("max-frame", "max-message", "ping-interval", "idle-timeout", "close-timeout", "queue.size",
                                "compression.level", "compression.threshold")
                        .map("solaster.servers.web.http.websocket."::concat).toArray(String[]::new));
        assertThat(ConfigValidator.check(servers(Map.of("web",
                KV.withHttp(Changed.with(HttpConfig.defaults(), "websocket",
                        Changed.with(WebSocketConfig.defaults(), "pingInterval", Duration.ZERO, "idleTimeout",
                                Duration.ZERO, "closeTimeout", Duration.ofSeconds(1))))))))
                .isEmpty();
    }

    @Test
    void aUnixDomainSocketHasAPathOrANameAndNoPort() {
        ServerConfig socket = Changed.with(ServerConfig.of("http", 0), "host", "unix:/run/app.sock");
        assertThat(ConfigValidator.check(servers(Map.of("web", socket, "named", socket.withHost("unix:@app")))))
                .isEmpty();
        assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(socket.withPort(80), "host",
                "unix:app.sock",
                "socketMode", "432"))))).extracting(Violation::toString).containsExactlyInAnyOrder(
                        "solaster.servers.web.host: 'app.sock' is no Unix domain socket; write an absolute path, as"
                                + " unix:/run/app.sock, or an abstract name, as unix:@app; at most 103 bytes",
                        "solaster.servers.web.port: a Unix domain socket has no port; leave it out, or make a server of its"
                                + " own for the port",
                        "solaster.servers.web.socket-mode: '432' is no mode of a file; write three digits of 0, 6 and 7,"
                                + " such as '660' for the user and its group");
        assertThat(ConfigValidator.check(servers(Map.of("web", socket, "two", socket)))).hasSize(1)
                .first().extracting(Violation::toString).asString().contains("unix:/run/app.sock is taken by");
    }

    @Test
    void proxiesAreTrustedByAddress() {
        ServerConfig server = ServerConfig.of("http", 8080);
        assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(server, "proxyProtocol",
                new ProxyProtocolConfig("10.0.0.0/8, fd00::/8,192.0.2.7", Duration.ofSeconds(1))))))).isEmpty();
        for (String wrong : List.of("proxy.local", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0/8/8", ",")) {
            assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(server, "proxyProtocol",
                    new ProxyProtocolConfig(wrong, Duration.ofSeconds(1))))))).as(wrong).hasSize(1).first()
                    .extracting(Violation::toString).asString().contains("proxy-protocol.trusted", "is no address");
        }
    }

    @Test
    void namesOfHostsAreNamesAndGivenOnce() {
        ServerConfig server = ServerConfig.of("http", 8443);
        TlsConfig named = Changed.with(TlsConfig.defaults(), "serverNames",
                Map.of("shop", "shop.example, *.shop.example", "api", "api"));
        assertThat(ConfigValidator.check(servers(Map.of("web",
                Changed.with(server, "sslBundle", "web", "tls", named))))).isEmpty();
        assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(server, "tls", named)))))
                .extracting(Violation::toString).containsExactly("solaster.servers.web.tls.server-names: there is no"
                        + " bundle for clients that name no host; name it by solaster.servers.web.ssl-bundle");
        for (String wrong : List.of("", "*", "a.*.example", "shop.example:443", "a..b", "a, A")) {
            assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(server, "sslBundle", "web", "tls",
                    Changed.with(TlsConfig.defaults(), "serverNames", Map.of("shop", wrong))))))).as(wrong).hasSize(1)
                    .first().extracting(Violation::key).isEqualTo("solaster.servers.web.tls.server-names.shop");
        }
    }

    @Test
    void sessionsDoNotOutliveTheKeysOfTheirTickets() {
        assertThat(ConfigValidator.check(servers(Map.of("web", Changed.with(ServerConfig.of("http", 8443), "sslBundle",
                "web", "tls", Changed.with(TlsConfig.defaults(), "sessionTimeout", Duration.ofHours(2),
                        "ticketRotation", Duration.ofMinutes(1)))))))
                .extracting(Violation::toString)
                .containsExactly("solaster.servers.web.tls.ticket-rotation: a session of"
                        + " 2h would outlive 15 keys; write a longer one, or a shorter session-timeout");
    }

    @Test
    void aServerSaysWhatItSpeaksAndWhere() {
        ServerConfig mute = new ServerConfig(null, " ", -1, -1, 0, null, true, LimitsConfig.defaults(), "default",
                null, ServerConfig.ClientAuth.NONE, "600",
                ServerConfig.Distribution.REUSEPORT, null, SocketConfig.defaults(),
                ProxyProtocolConfig.defaults(), TlsConfig.defaults(), HttpConfig.defaults());
        assertThat(ConfigValidator.check(servers(Map.of("My.Kv", mute)))).extracting(Violation::toString)
                .containsExactlyInAnyOrder(
                        "solaster.servers[My.Kv].port: -1 is out of range; write a number from 0 to 65535",
                        "solaster.servers[My.Kv].shard-ports: -1 is out of range; write a number from 0 to 65535",
                        "solaster.servers[My.Kv].backlog: 0 is out of range; write a number from 1",
                        "solaster.servers[My.Kv].protocol: nothing is given;"
                                + " write the protocol that it speaks, such as 'resp'",
                        "solaster.servers[My.Kv].host: nothing is given;"
                                + " write the address that it binds to, such as '127.0.0.1'");
    }

    @Test
    void shardsPortsAreARowThatNobodyElseHas() {
        Map<String, ServerConfig> servers = new LinkedHashMap<>();
        servers.put("kv", KV.withShardPorts(7000));
        servers.put("web", KV.withPort(7003));
        servers.put("rows", KV.withPort(0).withShardPorts(7003));
        servers.put("elsewhere", KV.withHost("10.0.0.1").withPort(7001).withShardPorts(7000));
        servers.put("high", KV.withPort(0).withShardPorts(65_533));
        servers.put("unix", KV.withHost("unix:/run/app.sock").withPort(0).withShardPorts(7000));
        SolasterConfig config = servers(servers);
        SolasterConfig four = config.withEngine(config.engine().withShards(4));
        assertThat(ConfigValidator.check(four)).extracting(Violation::toString).containsExactlyInAnyOrder(
                "solaster.servers.unix.shard-ports: a Unix domain socket has no port;"
                        + " leave it out, or make a server of its own for the ports",
                "solaster.servers.kv.shard-ports: ports 7000 to 7003 are for 4 shards, and 7003 is"
                        + " solaster.servers.web.port; write a first port whose row is free",
                "solaster.servers.rows.shard-ports: ports 7003 to 7006 are for 4 shards, and those from 7000 on are"
                        + " solaster.servers.kv.shard-ports; write a first port whose row is free",
                "solaster.servers.rows.shard-ports: ports 7003 to 7006 are for 4 shards, and 7003 is"
                        + " solaster.servers.web.port; write a first port whose row is free",
                "solaster.servers.elsewhere.shard-ports: ports 7000 to 7003 are for 4 shards, and 7001 is"
                        + " solaster.servers.elsewhere.port; write a first port whose row is free",
                "solaster.servers.high.shard-ports: 65533 is too high for 4 shards, whose last would have 65536;"
                        + " write 65532 or less");
    }

    @Test
    void whatTheKernelIsToldOfSocketsHasARange() {
        SocketConfig wrong = Changed.with(SocketConfig.defaults(), "keepAliveIdle", Duration.ofDays(1),
                "keepAliveInterval", Duration.ofNanos(-1), "keepAliveCount", 128, "userTimeout", Duration.ofDays(2),
                "fastOpen", -1, "sendBuffer", new ByteSize(1L << 31), "receiveBuffer", new ByteSize(1L << 31),
                "writeHighWaterMark", new ByteSize(1L << 31), "writeLowWaterMark", new ByteSize(1L << 32),
                "zeroCopyFrom", new ByteSize(1L << 31));
        assertThat(ConfigValidator.check(servers(Map.of("kv", KV.withSocket(wrong))))).extracting(Violation::key)
                .containsExactlyInAnyOrder(Stream
                        .of("keep-alive-idle", "keep-alive-interval", "keep-alive-count", "user-timeout", "fast-open",
                                "send-buffer", "receive-buffer", "write-high-water-mark", "write-low-water-mark",
                                "zero-copy-from")
                        .map("solaster.servers.kv.socket."::concat).toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1, 127.0.0.1, true", "127.0.0.1, localhost, true", "0.0.0.0, 10.0.0.1, true",
            "10.0.0.1, ::, true", "10.0.0.1, 10.0.0.2, false", "kv.example, KV.example, true"})
    void onePortOfOneAddressHasOneServer(String host, String other, boolean clash) {
        Map<String, ServerConfig> servers = new LinkedHashMap<>();
        servers.put("kv", KV.withHost(host));
        servers.put("cache", KV.withHost(other));
        assertThat(ConfigValidator.check(servers(servers))).isEqualTo(clash
                ? List.of(new Violation("solaster.servers.cache.port", "6380", "6380 is taken by solaster.servers.kv",
                        "give each server a port of its own, or 0 for a free one"))
                : List.of());
    }

    @Test
    void aServerOfDatagramsIsChecked() {
        SolasterConfig config = Changed.with(SolasterConfig.defaults(), "udp", new LinkedHashMap<>(Map.of(
                "names", UdpConfig.of("dns", 5353).withHost("unix:/run/names").withGroup("crtical").withBatch(0)
                        .withMaxDatagram(new ByteSize(70_000)).withLimits(UdpLimitsConfig.defaults()
                                .withPacketsPerSecond(-1, 0).withSources(100).withSendQueue(new ByteSize(1))))));
        assertThat(ConfigValidator.check(config)).extracting(Violation::key).containsExactlyInAnyOrder(
                "solaster.udp.names.batch", "solaster.udp.names.limits.packets-per-second",
                "solaster.udp.names.host", "solaster.udp.names.max-datagram", "solaster.udp.names.limits.send-queue",
                "solaster.udp.names.limits.sources", "solaster.udp.names.group");
        Map<String, UdpConfig> two = new LinkedHashMap<>();
        two.put("names", UdpConfig.of("dns", 53));
        two.put("more", UdpConfig.of("dns", 53).withHost("0.0.0.0"));
        assertThat(ConfigValidator.check(Changed.with(SolasterConfig.defaults(), "udp", two)))
                .extracting(Violation::toString).singleElement().asString()
                .contains("solaster.udp.more.port: 53 is taken by solaster.udp.names");
        assertThat(ConfigValidator.checkDatagramProtocols(Changed.with(SolasterConfig.defaults(), "udp", two),
                List.of())).extracting(Violation::key)
                .containsExactly("solaster.udp.names.protocol", "solaster.udp.more.protocol");
    }

    @Test
    void serversMayEachTakeAFreePort() {
        assertThat(ConfigValidator
                .check(servers(Map.of("a", ServerConfig.of("resp", 0), "b", ServerConfig.of("resp", 0))))).isEmpty();
    }

    @Test
    void aServerRunsInAGroupThatExists() {
        assertThat(ConfigValidator.check(servers(Map.of("kv", KV.withGroup("critical"))))).isEmpty();
        assertThat(ConfigValidator.check(servers(Map.of("kv", KV.withGroup("crtical")))))
                .extracting(Violation::toString)
                .containsExactly("solaster.servers.kv.group: 'crtical' is no scheduling group; write one of background,"
                        + " critical, default, maintenance, or add it to solaster.engine.groups");
    }

    @Test
    void webFluxIsServedInAGroupThatExistsAndToOneClientAtLeast() {
        assertThat(ConfigValidator.check(Changed.with(SolasterConfig.defaults(), "web",
                new WebConfig(WebConfig.Server.SOLASTER, "crtical", 0, 1, 0, ServerConfig.Distribution.REUSEPORT,
                        SocketConfig.defaults(), TlsConfig.defaults(), HttpConfig.defaults()))))
                .extracting(Violation::toString)
                .containsExactly("solaster.web.max-connections: 0 is out of range; write a number from 1",
                        "solaster.web.group: 'crtical' is no scheduling group; write one of background, critical,"
                                + " default, maintenance, or add it to solaster.engine.groups");
    }

    @Test
    void groupsHaveANameAndAreFew() {
        Map<String, GroupConfig> groups = new LinkedHashMap<>();
        for (int i = 0; i < 61; i++) {
            groups.put("g" + i, GroupConfig.defaults());
        }
        groups.put("My Group", GroupConfig.ofShares(-1).withQueueTimeout(Duration.ZERO));
        assertThat(ConfigValidator
                .check(SolasterConfig.defaults().withEngine(EngineConfig.defaults().withGroups(groups))))
                .extracting(Violation::key)
                .containsExactlyInAnyOrder("solaster.engine.groups[My Group].shares",
                        "solaster.engine.groups[My Group].queue-timeout", "solaster.engine.groups[My Group]",
                        "solaster.engine.groups");
    }

    @Test
    void everyViolationIsInTheMessage() {
        SolasterConfig config = SolasterConfig.defaults()
                .withEngine(Changed.with(ENGINE, "offload", new OffloadConfig(0, 4, 4, 0)));
        assertThatThrownBy(() -> ConfigValidator.validate(config)).isInstanceOf(InvalidConfigException.class)
                .hasMessage(
                        """
                                solaster.engine.offload.threads: 0 is out of range; write a number from 1 to 1024
                                solaster.engine.offload.queue-capacity: 0 is out of range; write a number from 1 to 1048576""");
    }

    @Test
    void filesNeedRoomToBeReadAndWritten() {
        FilesConfig none = new FilesConfig(FilesConfig.Access.AUTO, 0, new ByteSize(0), 0, new ByteSize(1),
                new FileLimitsConfig(new ByteSize(0), new ByteSize(0), -1, -2), Duration.ofHours(1));
        assertThat(ConfigValidator
                .check(SolasterConfig.defaults().withEngine(Changed.with(ENGINE, "files", none))))
                .extracting(Violation::key)
                .containsExactlyInAnyOrder("solaster.engine.files.depth", "solaster.engine.files.depth-bytes",
                        "solaster.engine.files.queue-capacity", "solaster.engine.files.queue-bytes",
                        "solaster.engine.files.limits.reads-per-second",
                        "solaster.engine.files.limits.writes-per-second", "solaster.engine.files.latency-goal");
    }

    @Test
    void memoryHasALimitThatSomethingFitsIn() {
        MemoryConfig none = new MemoryConfig(new ByteSize(1000), 0, MemoryConfig.HugePages.OFF, true);
        assertThat(ConfigValidator
                .check(SolasterConfig.defaults().withEngine(Changed.with(ENGINE, "memory", none))))
                .extracting(Violation::key)
                .containsExactlyInAnyOrder("solaster.engine.memory.limit", "solaster.engine.memory.pressure-at");
    }

    @Test
    void whatIsHardlyMeantIsAWarning() {
        SolasterConfig config = Changed.with(SolasterConfig.defaults().withEngine(Changed
                .with(ENGINE.withPinning(EngineConfig.Pinning.NEVER)
                        .withIdle(Changed.with(IdleConfig.defaults(), "policy", IdleConfig.Policy.SPIN)), "taskQuota",
                        Duration.ofMillis(20), "stalls", new StallConfig(true, Duration.ofMillis(10), 1, Duration.ZERO))
                .withGroups(Map.of("bulk", GroupConfig.defaults().withMaxQueued(0, GroupConfig.WhenFull.WAIT)))),
                "servers", Map.of("kv", KV.withHost("0.0.0.0").withProtectedMode(false)));
        List<Violation> violations = ConfigValidator.check(config);
        assertThat(violations).extracting(Violation::toString).containsExactlyInAnyOrder(
                "solaster.engine.stalls.threshold: 10ms is less than the task quota (20ms): what is in order would be"
                        + " reported; write a longer one, or a shorter solaster.engine.task-quota",
                "solaster.engine.idle.policy: shards that are not pinned spin on CPUs which others could use;"
                        + " write 'park', or pin the shards",
                "solaster.engine.groups.bulk.when-full: 'wait' has no effect where the queue is never full;"
                        + " write max-queued too",
                "solaster.servers.kv.protected-mode: whoever reaches 0.0.0.0 may read and write all keys;"
                        + " write a password, or 'true'");
        assertThat(violations).noneMatch(Violation::isError);
        assertThat(ConfigValidator.validate(config)).isSameAs(config);
    }

    @Test
    void strictMakesWarningsErrors() {
        SolasterConfig doubtful = servers(Map.of("kv", KV.withHost("::").withProtectedMode(false)));
        SolasterConfig strict = Changed.with(doubtful, "strict", true);
        assertThatThrownBy(() -> ConfigValidator.validate(strict)).isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("solaster.servers.kv.protected-mode");
    }

    @Test
    void aMachineHasShardsAndCpusToItsLimits() {
        SolasterConfig config = SolasterConfig.defaults()
                .withEngine(Changed.with(ENGINE, "housekeeping", new Housekeeping(CpuSet.of(70))).withShards(9));
        assertThat(ConfigValidator.check(config, machine(1 << 20, 0, -1), JVM))
                .allMatch(Violation::isError).extracting(Violation::key)
                .contains("solaster.engine.shards", "solaster.engine.housekeeping");
    }

    @Test
    void clientsNeedOpenFiles() {
        SolasterConfig config = servers(Map.of("kv", KV));
        assertThat(ConfigValidator.check(config, machine(1 << 20, 0, -1), JVM)).isEmpty();
        assertThat(ConfigValidator.check(config, machine(4096, 0, -1), JVM)).singleElement()
                .isEqualTo(Violation.warning("solaster.servers.kv.limits.max-connections", "10000",
                        "10000 clients and 143 files of the process are more than the 4096 open files allowed",
                        "raise the limit (ulimit -n 10143), or write 3953"));
    }

    @Test
    void ringsNeedLockedMemoryOnOldKernels() {
        SolasterConfig config = SolasterConfig.defaults()
                .withEngine(ENGINE.withTransport(EngineConfig.Transport.IO_URING));
        assertThat(ConfigValidator.check(config, machine(4096, 65536, -1), JVM)).isEmpty();
        assertThat(ConfigValidator.check(config, machine(4096, 65536, -1), new Jvm(1 << 28, "5.10.0-30-amd64")))
                .singleElement().hasToString("solaster.engine.transport: the rings of 3 shards take about 3MB of locked"
                        + " memory, 64KB are allowed; raise the limit (ulimit -l 3072), or write 'auto'");
    }

    @Test
    void memoryIsNeededBesideTheHeap() {
        SolasterConfig config = servers(Map.of("kv", KV));
        assertThat(ConfigValidator.check(config, machine(1 << 20, 0, 2L << 30), JVM)).isEmpty();
        assertThat(ConfigValidator.check(config, machine(1 << 20, 0, 300L << 20), JVM))
                .extracting(Violation::toString).containsExactly(
                        "solaster.engine: the heap may take 256MB of the 300MB that this container has, and 3 shards"
                                + " with the JVM itself need about 120MB beside it; give the JVM -Xmx180m or less,"
                                + " or the container more memory",
                        "solaster.servers.kv.limits.max-bulk: one argument may be 512MB, and this container has 44MB"
                                + " beside the heap; write 11MB or less, or give the container more memory",
                        "solaster.servers.kv.limits.output-buffer: what one client has not read may be 64MB, and this"
                                + " container has 44MB beside the heap; write 11MB or less, or give the container more"
                                + " memory");
    }

    private static Machine machine(long openFiles, long memlock, long memory) {
        Machine recorded = RecordedMachines.eightThreadsOfFourCores();
        return new Machine(recorded.online(), recorded.allowed(), recorded.isolated(), recorded.cores(),
                recorded.l3Groups(), recorded.numaNodes(), recorded.cpuQuota(),
                memory < 0 ? OptionalLong.empty() : OptionalLong.of(memory), openFiles, memlock);
    }

    static Stream<Record> recordsWithRanges() {
        return Stream.of(MeshConfig.defaults(), OffloadConfig.defaults(), LimitsConfig.defaults(), KV);
    }

    @ParameterizedTest
    @MethodSource("recordsWithRanges")
    void aJakartaValidatorFindsTheSameNumbersOutOfRange(Record config) throws ReflectiveOperationException {
        try (ValidatorFactory factory = Validation.buildDefaultValidatorFactory()) {
            Validator jakarta = factory.getValidator();
            int ranges = 0;
            for (RecordComponent component : config.getClass().getRecordComponents()) {
                Range range = component.getAccessor().getAnnotation(Range.class);
                if (range != null) {
                    ranges++;
                    String name = component.getName();
                    assertThat(jakarta.validate(with(config, name, range.min() - 1)))
                            .extracting(v -> v.getPropertyPath().toString()).containsExactly(name);
                    assertThat(jakarta.validate(with(config, name, range.min()))).isEmpty();
                    if (range.max() < Integer.MAX_VALUE) {
                        assertThat(jakarta.validate(with(config, name, range.max() + 1)))
                                .extracting(v -> v.getMessage()).containsExactly(
                                        "must be from " + range.min() + " to " + range.max());
                    }
                }
            }
            assertThat(ranges).isPositive();
        }
    }

    private static Record with(Record config, String name, long value) throws ReflectiveOperationException {
        RecordComponent[] components = config.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = components[i].getName().equals(name)
                    ? (Object) (int) value
                    : components[i].getAccessor().invoke(config);
        }
        return config.getClass()
                .getConstructor(Stream.of(components).map(RecordComponent::getType).toArray(Class[]::new))
                .newInstance(values);
    }

    private static List<Violation> check(EngineConfig engine) {
        return ConfigValidator.check(SolasterConfig.defaults().withEngine(engine));
    }

    private static SolasterConfig servers(Map<String, ServerConfig> servers) {
        return Changed.with(SolasterConfig.defaults().withEngine(ENGINE), "servers", servers);
    }
}
