package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.MemoryConfig;
import io.solaster.config.MemoryConfig.HugePages;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.memory.MemoryLevel;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What a store does where memory runs out, in huge pages and in small ones. */
final class StoreMemoryTest {
    private static final long ROOM = 64 << 20;

    /** Netty's buffers count too, and nobody borrows or gives back when they are freed. */
    @Test
    void writesAreTakenAgainWhereNettysBuffersHaveShrunk() {
        EngineConfig config = Changed.with(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), "memory",
                new MemoryConfig(new ByteSize(roomBesideBuffers()), 80, HugePages.OFF, true));
        try (Engine engine = Engine.start(config)) {
            ServerConfig server = StoreFixture.config();
            try (TcpServer tcp = TcpServer.bind(engine, "kv", server, new RespProtocol(Store.on(engine), server));
                    RespClient client = new RespClient(tcp.port())) {
                assertThat(client.call("SET", "a", "b")).isEqualTo("+OK");
                // More than is kept for later buffers: it is the system's again when it is released.
                ByteBuf large = ByteBufAllocator.DEFAULT.directBuffer((int) ROOM);
                try {
                    engine.memory().look();
                    StoreFixture.await("keys are refused", () -> client.call("SET", "a", "b").startsWith("-OOM"));
                } finally {
                    large.release();
                }
                StoreFixture.await("keys are taken again", () -> client.call("SET", "a", "b").equals("+OK"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatIsToBeMovedStaysWhereItIsIfThereIsNoMemoryForIt(int shards) {
        StoreFixture fixture = StoreFixture.of(shards);
        AtomicBoolean refuses = new AtomicBoolean();
        Store frail = fixture.newStore(() -> refusing(
                Keyspace.create(SystemMemory.SYSTEM, new SplittableRandom(1), StoreTypes.all()), refuses));
        String from = "a";
        String to = IntStream.range(0, 1000).mapToObj(i -> "b" + i)
                .filter(key -> shards == 1 || fixture.engine().shardOf(key) != fixture.engine().shardOf(from))
                .findFirst()
                .orElseThrow();
        ServerConfig server = StoreFixture.config();
        Logger logger = (Logger) LoggerFactory.getLogger(StoreShard.class);
        logger.setLevel(Level.OFF);
        try (TcpServer tcp = TcpServer.bind(fixture.engine(), "frail", server, new RespProtocol(frail, server));
                RespClient client = new RespClient(tcp.port())) {
            client.call("SET", from, "v");
            refuses.set(true);
            assertThat(client.call("RENAME", from, to)).startsWith("-OOM");
            assertThat(client.call("RENAMENX", from, to)).startsWith("-OOM");
            refuses.set(false);
            assertThat(client.call("MGET", from, to)).isEqualTo("*2|$1|v|$-1");
            assertThat(client.call("RENAME", from, to)).isEqualTo("+OK");
            assertThat(client.call("MGET", from, to)).isEqualTo("*2|$-1|$1|v");
            client.call("DEL", to);
            client.call("SADD", from, "x");
            refuses.set(true);
            assertThat(client.call("SMOVE", from, to, "x")).startsWith("-OOM");
            assertThat(client.call("RENAME", from, to)).startsWith("-OOM");
            refuses.set(false);
            assertThat(client.call("SMEMBERS", from)).contains("|x");
            assertThat(client.call("EXISTS", to)).isEqualTo(":0");
            assertThat(client.call("SMOVE", from, to, "x")).isEqualTo(":1");
            assertThat(client.call("EXISTS", from)).isEqualTo(":0");
            assertThat(client.call("SMEMBERS", to)).contains("|x");
        } finally {
            logger.setLevel(null);
        }
    }

    /** What Netty's buffers take in this JVM already counts too. */
    private static long roomBesideBuffers() {
        try (Engine plain = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER))) {
            return ROOM + plain.memory().used();
        }
    }

    /** A keyspace that has no memory for other values while that is asked of it. */
    private static Keyspace refusing(Keyspace keys, AtomicBoolean refuses) {
        return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                (proxy, method, arguments) -> {
                    if (refuses.get() && (method.getName().equals("set") || method.getName().equals("create"))) {
                        throw new OutOfMemoryError("for the test");
                    }
                    return method.invoke(keys, arguments);
                });
    }

    @ParameterizedTest
    @EnumSource(HugePages.class)
    void writesAreRefusedWhereMemoryIsFullAndTakenAgainWhereThereIsRoom(HugePages pages) {
        long limit = roomBesideBuffers();
        EngineConfig config = Changed.with(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER), "memory",
                new MemoryConfig(new ByteSize(limit), 80, pages, true));
        for (int restarts = 0; restarts < 2; restarts++) {
            try (Engine engine = Engine.start(config)) {
                Store store = Store.on(engine);
                ServerConfig server = StoreFixture.config();
                try (TcpServer tcp = TcpServer.bind(engine, "kv", server, new RespProtocol(store, server));
                        RespClient client = new RespClient(tcp.port())) {
                    String value = "x".repeat(10_000);
                    String reply = "+OK";
                    int keys = 0;
                    while (reply.equals("+OK") && keys < 50_000) {
                        reply = client.call("SET", "k" + keys++, value);
                    }
                    assertThat(reply).isEqualTo("-OOM command not allowed when used memory > 'maxmemory'.");
                    assertThat(store.usedMemory()).isLessThan(limit);
                    assertThat(client.call("GET", "k0").endsWith(value)).as("what is there is read").isTrue();
                    assertThat(client.call("DEL", "k0")).as("and removed").isEqualTo(":1");
                    assertThat(client.call("FLUSHALL")).isEqualTo("+OK");
                    StoreFixture.await("memory is given back", () -> engine.memory().level() == MemoryLevel.OK);
                    StoreFixture.await("keys are taken again", () -> client.call("SET", "a", "b").equals("+OK"));
                    StoreFixture.await("what was kept is given back",
                            () -> store.usedMemory() < 2 * 2 * (2 << 20) + (1 << 20));
                }
            }
        }
    }
}
