package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.RequestStats;
import io.solaster.store.server.ClientConnection;
import io.solaster.store.server.ClientLogs;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What becomes of clients that speak badly, too much, or not at all. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoreConnectionTest {
    @Parameter
    int shards;

    @BeforeAll
    static void expectWarnings() {
        // Each of them is about a client that a test lets misbehave.
        logger(ClientConnection.class).setLevel(Level.ERROR);
    }

    @AfterAll
    static void warnAgain() {
        logger(ClientConnection.class).setLevel(null);
    }

    @AfterEach
    void resetClock() {
        store().resetClock();
    }

    private static Logger logger(Class<?> type) {
        return (Logger) LoggerFactory.getLogger(type);
    }

    private StoreFixture store() {
        return StoreFixture.of(shards);
    }

    private static byte[] bytes(String text) {
        return RespClient.latin1(text.replace("|", "\r\n"));
    }

    private static ServerConfig limits(java.util.function.UnaryOperator<LimitsConfig> change) {
        return StoreFixture.config().withLimits(change.apply(LimitsConfig.defaults()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', textBlock = """
            *x|                         ~ -ERR Protocol error: invalid multibulk length
            *1048577|                   ~ -ERR Protocol error: invalid multibulk length
            *99999999999999999999|      ~ -ERR Protocol error: invalid multibulk length
            *1|!4|PING|                 ~ -ERR Protocol error: expected '$', got '!'
            *1|$-1|                     ~ -ERR Protocol error: invalid bulk length
            *1|$x|                      ~ -ERR Protocol error: invalid bulk length
            *1|$536870913|              ~ -ERR Protocol error: invalid bulk length
            *1|$4|PING|*1|$x|           ~ +PONG|-ERR Protocol error: invalid bulk length
            SET a "b|                   ~ -ERR Protocol error: unbalanced quotes in request
            """)
    void whatIsNoRespIsAnsweredInRedisWordsAndCutOff(String sent, String answered) {
        long before = store().store().total(stats -> stats.protocolErrors.get());
        try (RespClient client = store().connect()) {
            assertThat(client.send(bytes(sent)).rest()).isEqualTo(answered);
        }
        assertThat(store().store().total(stats -> stats.protocolErrors.get())).isEqualTo(before + 1);
    }

    @Test
    void garbageIsNoCommandOrCutOff() {
        try (RespClient client = store().connect()) {
            client.send(bytes("\u0001\u0002\u00ff\u00fe garbage|"));
            assertThat(client.reply()).startsWith("-ERR unknown command '\u0001\u0002\u00ff\u00fe'");
            assertThat(client.call("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void aLineMayBeAtMost64KiB() {
        try (RespClient client = store().connect()) {
            client.send(bytes("ECHO " + "x".repeat(60_000) + "|"));
            assertThat(client.reply()).hasSize("$60000|".length() + 60_000);
            assertThat(client.send(bytes("x".repeat(65_537))).rest())
                    .isEqualTo("-ERR Protocol error: too big inline request");
        }
    }

    @Test
    void argumentsAreLimited() {
        try (StoreFixture.Server server = store().serve(limits(limits -> StoreFixture.withMaxArguments(limits, 20)));
                RespClient client = server.connect()) {
            String[] arguments = new String[20];
            java.util.Arrays.fill(arguments, "a");
            arguments[0] = "EXISTS";
            assertThat(client.call(arguments)).isEqualTo(":0");
            assertThat(client.send(bytes("*21|")).rest()).isEqualTo("-ERR Protocol error: invalid multibulk length");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST / HTTP/1.1|Content-Length: 20||SET hacked 1|", "Host: example.com|SET hacked 1|",
            "*1|$4|post|*3|$3|SET|$6|hacked|$1|1|"})
    void aBrowserIsCutOffWithoutAWord(String request) {
        try (RespClient client = store().connect(); RespClient other = store().connect()) {
            assertThat(client.send(bytes(request)).rest()).isIn("", "(reset)");
            assertThat(other.call("EXISTS", "hacked")).isEqualTo(":0");
        }
    }

    @Test
    void aRequestMayBeSplitAnywhere() {
        String requests = "*3|$3|SET|$5|split|$12|0123456789ab|*2|$3|GET|$5|split|"
                + "SET other \"x y\"|*3|$4|MGET|$5|split|$5|other|*0|*1|$4|PING|";
        String replies = "+OK|$12|0123456789ab|+OK|*2|$12|0123456789ab|$3|x y|+PONG|";
        byte[] all = bytes(requests);
        try (RespClient client = store().connect(); RespClient other = store().connect()) {
            for (int cut = 1; cut < all.length; cut++) {
                client.send(java.util.Arrays.copyOfRange(all, 0, cut));
                // The server has a turn in which only the first piece is there.
                other.call("PING");
                client.send(java.util.Arrays.copyOfRange(all, cut, all.length));
                StringBuilder answered = new StringBuilder();
                for (int i = 0; i < 5; i++) {
                    answered.append(client.reply()).append('|');
                }
                assertThat(answered.toString()).as("cut at %s", cut).isEqualTo(replies);
            }
            for (byte b : all) {
                client.send(new byte[]{b});
            }
            StringBuilder answered = new StringBuilder();
            for (int i = 0; i < 5; i++) {
                answered.append(client.reply()).append('|');
            }
            assertThat(answered.toString()).isEqualTo(replies);
        }
    }

    @Test
    void quotedLinesSurviveWaitingForOtherShards() {
        try (RespClient client = store().connectEmpty()) {
            StringBuilder requests = new StringBuilder();
            StringBuilder replies = new StringBuilder();
            for (int i = 0; i < 50; i++) {
                requests.append("SET key").append(i).append(" \"v \\x41 ").append(i).append("\"|");
                requests.append("ECHO \"a \\\"b\\\" c\"|MGET \"key").append(i).append("\" 'no key'|");
                String value = "v A " + i;
                replies.append("+OK|$7|a \"b\" c|*2|$").append(value.length()).append('|').append(value)
                        .append("|$-1|");
            }
            assertThat(client.send(bytes(requests + "QUIT|")).rest()).isEqualTo(replies + "+OK");
        }
    }

    @Test
    void beforeAuthLittleIsRead() {
        ServerConfig config = StoreFixture.config().withPassword("s3cret");
        try (StoreFixture.Server server = store().serve(config)) {
            try (RespClient client = server.connect()) {
                assertThat(client.send(bytes("*11|")).rest())
                        .isEqualTo("-ERR Protocol error: unauthenticated multibulk length");
            }
            try (RespClient client = server.connect()) {
                assertThat(client.send(bytes("*2|$4|AUTH|$16385|")).rest())
                        .isEqualTo("-ERR Protocol error: unauthenticated bulk length");
            }
            try (RespClient client = server.connect()) {
                assertThat(client.call("AUTH", "s3cret")).isEqualTo("+OK");
                assertThat(client.call("SET", "a", "x".repeat(20_000))).isEqualTo("+OK");
            }
        }
    }

    @Test
    void whatIsOnlyAnnouncedTakesNoMemory() {
        List<RespClient> clients = new ArrayList<>();
        long before = store().store().usedMemory();
        try {
            for (int i = 0; i < 50; i++) {
                clients.add(store().connect().send(bytes("*1048576|$500000000|x")));
            }
            try (RespClient other = store().connect()) {
                assertThat(other.call("PING")).isEqualTo("+PONG");
                String list = other.call("CLIENT", "LIST");
                assertThat(list).contains("qbuf=");
            }
            assertThat(store().store().usedMemory()).isLessThan(before + (1 << 20));
            assertThat(io.netty.util.internal.PlatformDependent.usedDirectMemory()).isLessThan(256L << 20);
        } finally {
            clients.forEach(RespClient::close);
        }
    }

    @Test
    void inProtectedModeOnlyThisMachineIsServed() {
        RespProtocol protectedServer = new RespProtocol(store().store(), StoreFixture.config());
        assertThat(greeting(protectedServer, "192.0.2.1")).startsWith("-DENIED Redis is running in protected mode");
        assertThat(greeting(protectedServer, "127.0.0.1")).isEqualTo("+PONG\r\n");
        assertThat(greeting(protectedServer, "::1")).isEqualTo("+PONG\r\n");
        RespProtocol open = new RespProtocol(store().store(), StoreFixture.config().withProtectedMode(false));
        assertThat(greeting(open, "192.0.2.1")).isEqualTo("+PONG\r\n");
        RespProtocol withPassword = new RespProtocol(store().store(), StoreFixture.config().withPassword("x"));
        assertThat(greeting(withPassword, "192.0.2.1")).startsWith("-NOAUTH");
    }

    private String greeting(RespProtocol protocol, String from) {
        return store().store().servers().on(0, server -> {
            EmbeddedChannel channel = new EmbeddedChannel() {
                @Override
                protected SocketAddress remoteAddress0() {
                    return new InetSocketAddress(from, 1);
                }
            };
            channel.pipeline().addLast(new ClientConnection(protocol.settings(), new ClientLogs(), server,
                    new RequestStats("kv", "resp")));
            channel.pipeline().fireChannelActive();
            if (channel.isOpen()) {
                channel.writeInbound(channel.alloc().directBuffer().writeBytes(bytes("PING|")));
            }
            ByteBuf sent = channel.readOutbound();
            String text = sent == null ? "" : sent.toString(StandardCharsets.ISO_8859_1);
            if (sent != null) {
                sent.release();
            }
            channel.finishAndReleaseAll();
            return text;
        }).join();
    }

    @Test
    void aClientThatNeverReadsIsCutOffAndCounted() {
        long before = store().store().total(stats -> stats.outputOverflows.get());
        try (StoreFixture.Server server = store()
                .serve(limits(limits -> limits.withOutputBuffer(new ByteSize(1 << 20))));
                RespClient client = server.connect();
                RespClient other = server.connect()) {
            other.call("SET", "big", "x".repeat(100_000));
            byte[] get = RespClient.encode("GET", "big");
            for (int i = 0; i < 1000; i++) {
                try {
                    client.send(get);
                } catch (java.io.UncheckedIOException cutOff) {
                    break;
                }
            }
            StoreFixture.await("the client is cut off",
                    () -> store().store().total(stats -> stats.outputOverflows.get()) == before + 1);
            assertThat(other.call("GET", "big")).hasSizeGreaterThan(100_000);
            assertThat(other.call("INFO", "stats")).contains("client_output_buffer_limit_disconnections:");
            other.call("DEL", "big");
        }
    }

    @Test
    void repliesOfAnotherShardBeyondTheLimitAreNotEvenMade() {
        StoreFixture fixture = StoreFixture.of(2);
        Store store = fixture.store();
        try (StoreFixture.Server server = fixture
                .serve(limits(limits -> limits.withOutputBuffer(new ByteSize(1 << 20))));
                RespClient other = server.connect()) {
            for (String key : List.of("big{a}", "big{b}", "big{c}", "big{d}")) {
                other.call("SET", key, "x".repeat(100_000));
                try (RespClient client = server.connect()) {
                    long cutOff = store.total(stats -> stats.outputOverflows.get());
                    long run = store.total(stats -> stats.commands.get());
                    ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
                    for (int i = 0; i < 500; i++) {
                        pipeline.writeBytes(RespClient.encode("GET", key));
                    }
                    client.send(pipeline.toByteArray());
                    StoreFixture.await("the client is cut off",
                            () -> store.total(stats -> stats.outputOverflows.get()) == cutOff + 1);
                    assertThat(store.total(stats -> stats.commands.get()) - run).isLessThan(500);
                }
                other.call("DEL", key);
            }
        }
    }

    @Test
    void clientsBeyondTheLimitAreRefusedUntilItIsRaised() {
        try (StoreFixture.Server server = store().serve(limits(limits -> limits.withMaxConnections(2)));
                RespClient first = server.connect();
                RespClient second = server.connect()) {
            first.call("PING");
            second.call("PING");
            try (RespClient third = server.connect()) {
                assertThat(third.rest()).isEqualTo("-ERR max number of clients reached");
            }
            assertThat(server.tcp().refused()).isEqualTo(1);
            assertThat(first.call("CONFIG", "SET", "maxclients", "3")).isEqualTo("+OK");
            try (RespClient third = server.connect()) {
                assertThat(third.call("PING")).isEqualTo("+PONG");
            }
            assertThat(first.call("INFO", "clients")).contains("|maxclients:3|");
        }
    }

    @Test
    void aSilentClientIsCutOff() {
        long before = store().store().total(stats -> stats.idleTimeouts.get());
        try (StoreFixture.Server server = store()
                .serve(limits(limits -> limits.withIdleTimeout(Duration.ofSeconds(30))));
                RespClient silent = server.connect()) {
            assertThat(silent.call("PING")).isEqualTo("+PONG");
            store().advance(Duration.ofSeconds(31));
            assertThat(silent.rest()).isEmpty();
            assertThat(store().store().total(stats -> stats.idleTimeouts.get())).isEqualTo(before + 1);
            try (RespClient other = server.connect()) {
                assertThat(other.call("CONFIG", "SET", "timeout", "0")).isEqualTo("+OK");
                store().advance(Duration.ofSeconds(31));
                assertThat(other.call("PING")).isEqualTo("+PONG");
            }
        }
    }

    @Test
    void aCommandThatFailsIsAnsweredAndTheConnectionLives() {
        Store broken = Store.on(store().engine());
        broken.parts().sharded().onAll(part -> {
            part.keyspace().close();
            return true;
        }).join();
        RespProtocol protocol = new RespProtocol(broken, StoreFixture.config());
        logger(StoreShard.class).setLevel(Level.OFF);
        try (var tcp = io.solaster.engine.net.TcpServer.bind(store().engine(), "broken", StoreFixture.config(),
                protocol);
                RespClient client = new RespClient(tcp.port())) {
            assertThat(client.call("GET", "a")).isEqualTo("-ERR internal error");
            assertThat(client.call("MGET", "a", "b", "c")).contains("-ERR internal error");
            assertThat(client.call("DEL", "a", "b", "c")).isEqualTo("-ERR internal error");
            assertThat(client.call("PING")).isEqualTo("+PONG");
            assertThat(broken.total(stats -> stats.failures.get())).isPositive();
        } finally {
            logger(StoreShard.class).setLevel(null);
        }
    }

    @Test
    void pipelinesLongerThanATurnAreServedWhole() {
        LimitsConfig few = new LimitsConfig(100, 0, Duration.ZERO, new ByteSize(1 << 20), 1024, new ByteSize(1 << 20),
                new ByteSize(1 << 16), 3, new ByteSize(1 << 10), LimitsConfig.defaults().subscribers());
        try (StoreFixture.Server server = store().serve(StoreFixture.config().withLimits(few));
                RespClient client = server.connect()) {
            client.call("FLUSHALL");
            StringBuilder requests = new StringBuilder();
            StringBuilder replies = new StringBuilder();
            for (int i = 0; i < 2000; i++) {
                requests.append("*2|$4|INCR|$2|c").append(i % 2).append('|');
                replies.append(':').append(i / 2 + 1).append('|');
            }
            assertThat(client.send(bytes(requests + "QUIT|")).rest()).isEqualTo(replies + "+OK");
        }
    }
}
