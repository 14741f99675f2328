package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a store does where memory runs out, in huge pages and in small ones. */
final class StoreMemoryTest {
    private static final long ROOM = 64 << 20;

    /** Netty's buffers count too, and nobody borrows or gives back when they are freed. */
    @Test
    void writesAreTakenAgainWhereNettysBuffersHaveShrunk() {
        EngineConfig config = Changed.with(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), "memory",
                new MemoryConfig(new ByteSize(ROOM), 80, HugePages.OFF, true));
        try (Engine engine = Engine.start(config)) {
            ServerConfig server = StoreFixture.config();
            try (TcpServer tcp = TcpServer.bind(engine, "kv", server, new RespProtocol(Store.on(engine), server));
                    RespClient client = new RespClient(tcp.port())) {
                assumeTrue(client.call("SET", "a", "b").equals("+OK"), "this JVM has that much in buffers");
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
    @EnumSource(HugePages.class)
    void writesAreRefusedWhereMemoryIsFullAndTakenAgainWhereThereIsRoom(HugePages pages) {
        long limit = ROOM;
        try (Engine plain = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER))) {
            // What Netty's buffers take in this JVM already counts too.
            limit += plain.memory().used();
        }
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
