package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Sharded;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespClient;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import io.solaster.store.StoreFixture;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Clients that guess passwords, fill the log, or let replies pile up behind those of other shards. */
class HostileClientsTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(ClientConnection.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @BeforeEach
    void listen() {
        logger.setAdditive(false);
        lines.start();
        logger.addAppender(lines);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    private List<ILoggingEvent> told() {
        // As the appender does.
        synchronized (lines) {
            return List.copyOf(lines.list);
        }
    }

    /** A connection without a socket, whose time is ours; on shard 0. */
    private static EmbeddedChannel connect(ServerShard server, ServerSettings settings, ClientLogs logs) {
        return connect(new EmbeddedChannel(), server, settings, logs);
    }

    private static EmbeddedChannel connect(EmbeddedChannel channel, ServerShard server, ServerSettings settings,
            ClientLogs logs) {
        channel.freezeTime();
        channel.pipeline().addLast(new ClientConnection(settings, logs, server, new RequestStats("kv", "resp")));
        channel.pipeline().fireChannelActive();
        return channel;
    }

    private static ServerSettings settings(ServerConfig config) {
        return new ServerSettings(StoreFixture.parts(StoreFixture.of(1).store()), config);
    }

    private static void send(EmbeddedChannel channel, String... arguments) {
        channel.writeInbound(channel.alloc().directBuffer().writeBytes(RespClient.encode(arguments)));
    }

    private static String received(EmbeddedChannel channel) {
        StringBuilder text = new StringBuilder();
        for (ByteBuf sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
            text.append(sent.toString(StandardCharsets.ISO_8859_1));
            sent.release();
        }
        return text.toString();
    }

    private static <R> R onShard(Function<ServerShard, R> call) {
        return StoreFixture.of(1).servers().on(0, call).join();
    }

    /** What left in the shard's turns before this one. */
    private static String sent(EmbeddedChannel channel) {
        return onShard(server -> received(channel));
    }

    @Test
    void wrongPasswordsAreAnsweredLaterEachTimeUntilTheConnectionEnds() {
        ServerSettings settings = settings(StoreFixture.config().withPassword("s3cret"));
        long before = StoreFixture.of(1).store().total(stats -> stats.wrongPasswords.get());
        EmbeddedChannel channel = onShard(server -> connect(server, settings, new ClientLogs()));
        long delay = 50;
        for (int attempt = 1; attempt <= LoginDelay.ATTEMPTS; attempt++, delay *= 2) {
            String[] command = attempt % 2 == 0
                    ? new String[]{"AUTH", "guess"}
                    : new String[]{"HELLO", "3", "AUTH", "default", "guess"};
            long after = delay;
            onShard(server -> {
                send(channel, command);
                channel.advanceTimeBy(after - 1, TimeUnit.MILLISECONDS);
                channel.runScheduledPendingTasks();
                return true;
            });
            assertThat(sent(channel)).as("attempt %s", attempt).isEmpty();
            onShard(server -> {
                channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
                channel.runScheduledPendingTasks();
                return true;
            });
            assertThat(sent(channel)).startsWith("-WRONGPASS");
            assertThat(channel.isOpen()).isEqualTo(attempt < LoginDelay.ATTEMPTS);
        }
        assertThat(StoreFixture.of(1).store().total(stats -> stats.wrongPasswords.get()) - before)
                .isEqualTo(LoginDelay.ATTEMPTS);
        assertThat(told()).hasSize(1);
        onShard(server -> channel.finishAndReleaseAll());
    }

    private static EmbeddedChannel connectFrom(String address, ServerSettings settings) {
        return onShard(server -> connect(new EmbeddedChannel() {
            @Override
            protected SocketAddress remoteAddress0() {
                return new InetSocketAddress(address, 40_000);
            }
        }, server, settings, new ClientLogs()));
    }

    private static void guess(EmbeddedChannel channel, long millis) {
        onShard(server -> {
            send(channel, "AUTH", "guess");
            channel.advanceTimeBy(millis - 1, TimeUnit.MILLISECONDS);
            channel.runScheduledPendingTasks();
            return true;
        });
        assertThat(sent(channel)).isEmpty();
        onShard(server -> {
            channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
            channel.runScheduledPendingTasks();
            return true;
        });
        assertThat(sent(channel)).startsWith("-WRONGPASS");
    }

    @Test
    void whoConnectsAgainGoesOnWhereItWasAndNobodyElseDoes() {
        ServerSettings settings = settings(StoreFixture.config().withPassword("s3cret"));
        List<EmbeddedChannel> channels = new ArrayList<>();
        for (long delay : new long[]{50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 6_400, 6_400}) {
            EmbeddedChannel again = connectFrom("192.0.2.7", settings);
            channels.add(again);
            guess(again, delay);
        }
        EmbeddedChannel other = connectFrom("192.0.2.8", settings);
        channels.add(other);
        guess(other, 50);
        // Behind a proxy, say: the right password waits for nobody, and frees no guesser.
        EmbeddedChannel honest = connectFrom("192.0.2.7", settings);
        channels.add(honest);
        onShard(server -> {
            send(honest, "AUTH", "s3cret");
            return true;
        });
        assertThat(sent(honest)).isEqualTo("+OK\r\n");
        guess(channels.getFirst(), 6_400);
        channels.forEach(channel -> onShard(server -> channel.finishAndReleaseAll()));
    }

    @Test
    void theRightPasswordEndsTheDelay() {
        ServerConfig config = StoreFixture.config().withPassword("s3cret");
        try (StoreFixture.Server server = StoreFixture.of(1).serve(config);
                RespClient client = server.connect();
                RespClient other = server.connect()) {
            for (int round = 0; round < 2 * LoginDelay.ATTEMPTS; round++) {
                // What follows a wrong password waits, and nobody else does.
                client.send("AUTH", "guess").send("PING");
                assertThat(other.call("AUTH", "s3cret")).isEqualTo("+OK");
                assertThat(client.reply()).startsWith("-WRONGPASS");
                assertThat(client.reply()).startsWith(round == 0 ? "-NOAUTH" : "+PONG");
                assertThat(client.call("AUTH", "s3cret")).isEqualTo("+OK");
            }
        }
    }

    @Test
    void aConnectionThatWaitsForItsWrongPasswordIsNoObstacleToADrain() {
        ServerSettings settings = settings(StoreFixture.config().withPassword("s3cret"));
        EmbeddedChannel channel = onShard(server -> {
            EmbeddedChannel connected = connect(server, settings, new ClientLogs());
            send(connected, "AUTH", "guess");
            connected.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
            return connected;
        });
        assertThat(sent(channel)).startsWith("-WRONGPASS");
        onShard(server -> channel.finishAndReleaseAll());
    }

    @Test
    void aFloodOfNonsenseIsOneLineOfEachKind() {
        ServerSettings settings = settings(StoreFixture.config());
        ClientLogs logs = new ClientLogs();
        long before = StoreFixture.of(1).store().total(stats -> stats.protocolErrors.get());
        for (int i = 0; i < 100; i++) {
            onShard(server -> {
                EmbeddedChannel http = connect(server, settings, logs);
                send(http, "POST", "/");
                EmbeddedChannel garbage = connect(server, settings, logs);
                garbage.writeInbound(garbage.alloc().directBuffer().writeBytes(RespClient.latin1("*x\r\n")));
                EmbeddedChannel plain = connect(server, settings, logs);
                plain.pipeline().fireExceptionCaught(
                        new DecoderException(new NotSslRecordException("not an SSL/TLS record: 2a310d0a")));
                assertThat(http.isOpen() || plain.isOpen()).isFalse();
                http.finishAndReleaseAll();
                garbage.finishAndReleaseAll();
                plain.finishAndReleaseAll();
                return true;
            });
        }
        assertThat(StoreFixture.of(1).store().total(stats -> stats.protocolErrors.get()) - before).isEqualTo(300);
        assertThat(told()).extracting(ILoggingEvent::getFormattedMessage).hasSize(2)
                .anyMatch(line -> line.contains("speaks HTTP")).anyMatch(line -> line.contains("SSL/TLS"));
        assertThat(told()).allMatch(line -> line.getThrowableProxy() == null);
    }

    @Test
    void aWholeLineMayBeNoLongerThanOneThatArrivesInPieces() {
        LimitsConfig limits = new LimitsConfig(100, 0, java.time.Duration.ZERO, new ByteSize(1 << 20), 1024,
                new ByteSize(1 << 20), new ByteSize(64), 1024, new ByteSize(1 << 16),
                LimitsConfig.defaults().subscribers());
        try (StoreFixture.Server server = StoreFixture.of(1).serve(StoreFixture.config().withLimits(limits));
                RespClient client = server.connect()) {
            client.send(RespClient.latin1("ECHO " + "x".repeat(58) + "\r\n"));
            assertThat(client.reply()).isEqualTo("$58|" + "x".repeat(58));
            assertThat(client.send(RespClient.latin1("ECHO " + "x".repeat(59) + "\r\n")).rest())
                    .isEqualTo("-ERR Protocol error: too big inline request");
        }
    }

    private static ServerConfig outputLimit(int bytes) {
        return StoreFixture.config().withLimits(LimitsConfig.defaults().withOutputBuffer(new ByteSize(bytes)));
    }

    @Test
    void repliesOfAllShardsTogetherAreHeldToTheLimit() {
        StoreFixture fixture = StoreFixture.of(4);
        Store store = fixture.store();
        try (StoreFixture.Server server = fixture.serve(outputLimit(1 << 20));
                RespClient client = server.connect();
                RespClient other = server.connect()) {
            long cutOff = store.total(stats -> stats.outputOverflows.get());
            List<String> keys = oneKeyPerShard(fixture);
            keys.forEach(key -> other.call("SET", key, "x".repeat(100_000)));
            long run = store.total(stats -> stats.commands.get());
            ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
            for (int i = 0; i < 400; i++) {
                pipeline.writeBytes(RespClient.encode("GET", keys.get(i % keys.size())));
            }
            client.send(pipeline.toByteArray());
            StoreFixture.await("the client is cut off",
                    () -> store.total(stats -> stats.outputOverflows.get()) == cutOff + 1);
            // Eleven fill the limit; each shard may exceed its part by one reply, each time that it is asked.
            assertThat(store.total(stats -> stats.commands.get()) - run).isLessThanOrEqualTo(11 + 2 * 4);
        }
    }

    private static List<String> oneKeyPerShard(StoreFixture fixture) {
        List<String> keys = new ArrayList<>();
        for (int shard = 0; shard < fixture.engine().shards().size(); shard++) {
            int wanted = shard;
            keys.add(java.util.stream.IntStream.range(0, 1000).mapToObj(i -> "big" + i)
                    .filter(key -> fixture.engine().shardOf(key) == wanted).findFirst().orElseThrow());
        }
        return keys;
    }

    @Test
    void oneShardMayUseTheRoomThatOthersLeave() {
        StoreFixture fixture = StoreFixture.of(4);
        try (StoreFixture.Server server = fixture.serve(outputLimit(1 << 20)); RespClient client = server.connect()) {
            List<String> keys = oneKeyPerShard(fixture);
            for (String big : keys) {
                keys.forEach(key -> client.call("SET", key, key.equals(big) ? "x".repeat(100_000) : "y"));
                ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
                for (int i = 0; i < 9; i++) {
                    keys.forEach(key -> pipeline.writeBytes(RespClient.encode("GET", key)));
                }
                client.send(pipeline.toByteArray());
                for (int i = 0; i < 9; i++) {
                    for (String key : keys) {
                        assertThat(client.reply()).hasSize(key.equals(big) ? 100_008 : 4);
                    }
                }
            }
            keys.forEach(key -> client.call("DEL", key));
        }
    }

    /** No reply finds memory, not even for the error that is to take its place. */
    private static Store frailStore(StoreFixture fixture) {
        AtomicReference<Store> store = new AtomicReference<>();
        store.set(fixture.newStore(() -> {
            Keyspace keys = Keyspace.create(new SplittableRandom(1));
            return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                    (proxy, method, arguments) -> {
                        if (method.getName().equals("find")) {
                            StoreFixture.parts(store.get()).sharded().local().call().reply().finish();
                            throw new OutOfMemoryError("for the test");
                        }
                        try {
                            return method.invoke(keys, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }));
        return store.get();
    }

    @Test
    void aClientWhoseCommandsCannotBeAnsweredIsCutOff() {
        StoreFixture fixture = StoreFixture.of(2);
        RespProtocol protocol = new RespProtocol(frailStore(fixture), StoreFixture.config());
        Logger commands = (Logger) LoggerFactory.getLogger(StoreShard.class);
        commands.setLevel(Level.OFF);
        try (TcpServer server = TcpServer.bind(fixture.engine(), "frail", StoreFixture.config(), protocol)) {
            for (String key : oneKeyPerShard(fixture)) {
                try (RespClient client = new RespClient(server.port())) {
                    assertThat(client.send("GET", key).rest()).isIn("", "(reset)");
                }
                // Values that were not found are no reply, so there is room for an error.
                try (RespClient client = new RespClient(server.port())) {
                    assertThat(client.call("MGET", key, "a", "b", "c", "d"))
                            .isEqualTo("-OOM command not allowed: for the test");
                }
            }
        } finally {
            commands.setLevel(null);
        }
        assertThat(told()).hasSize(1);
    }

    @Test
    void whatWasNotSentWhenItsClientIsCutOffIsUsedAgain() {
        StoreFixture fixture = StoreFixture.of(2);
        Store store = frailStore(fixture);
        ServerSettings settings = new ServerSettings(StoreFixture.parts(store), StoreFixture.config());
        List<String> keys = oneKeyPerShard(fixture);
        Logger commands = (Logger) LoggerFactory.getLogger(StoreShard.class);
        commands.setLevel(Level.OFF);
        try {
            long kept = StoreFixture.servers(store).on(0, server -> {
                EmbeddedChannel channel = connect(server, settings, new ClientLogs());
                channel.writeInbound(
                        channel.alloc().directBuffer().writeBytes(RespClient.encode("GET", keys.get(1)))
                                .writeBytes(RespClient.encode("GET", keys.get(0))));
                channel.finishAndReleaseAll();
                return server.kept();
            }).join();
            assertThat(kept).isPositive();
        } finally {
            commands.setLevel(null);
        }
    }

    @Test
    void manyWrongPasswordsAreNoObstacleToADrain() {
        ServerSettings settings = settings(StoreFixture.config().withPassword("s3cret"));
        EmbeddedChannel channel = onShard(server -> {
            EmbeddedChannel connected = connect(server, settings, new ClientLogs());
            ByteBuf pipeline = connected.alloc().directBuffer();
            for (int i = 0; i < 3; i++) {
                pipeline.writeBytes(RespClient.encode("AUTH", "guess"));
            }
            connected.writeInbound(pipeline);
            connected.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
            return connected;
        });
        StoreFixture.await("it is closed", () -> onShard(server -> !channel.isOpen()));
        assertThat(sent(channel)).startsWith("-WRONGPASS");
        onShard(server -> channel.finishAndReleaseAll());
    }

    @Test
    void eachClientThatAsksADeadShardIsCutOff() {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER))) {
            Store store = StoreFixture.on(engine);
            Sharded<ServerShard> servers = StoreFixture.servers(store);
            ServerSettings settings = new ServerSettings(StoreFixture.parts(store), StoreFixture.config());
            String key = engine.shardOf("a") == 1 ? "a" : "b";
            assertThat(engine.shardOf(key)).isOne();
            servers.on(0, server -> {
                server.part().shard().mesh().abandonPeer(1);
                return true;
            }).join();
            for (int i = 0; i < 3; i++) {
                EmbeddedChannel channel = servers.on(0, server -> {
                    EmbeddedChannel client = connect(server, settings, new ClientLogs());
                    send(client, "GET", key);
                    return client;
                }).join();
                StoreFixture.await("its connection is closed",
                        () -> !servers.on(0, server -> channel.isOpen()).join());
                servers.on(0, server -> channel.finishAndReleaseAll()).join();
            }
        }
    }

    @Test
    void whatWaitsForItsNextUseIsBounded() {
        ByteBuf argument = io.netty.buffer.Unpooled.directBuffer().writeZero(30_000);
        long kept = onShard(server -> {
            List<CommandBatch> batches = new ArrayList<>();
            for (int i = 0; i < 3000; i++) {
                CommandBatch batch = server.takeBatch();
                batch.commands().argument(io.solaster.engine.memory.Memory.address(argument), 30_000);
                batches.add(batch);
            }
            batches.forEach(batch -> {
                batch.clear();
                server.giveBatch(batch);
            });
            return server.kept();
        });
        argument.release();
        assertThat(kept).isPositive().isLessThanOrEqualTo(32 << 20);
    }
}
