package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.StoreConfig.Eviction;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.memory.Memory;
import io.solaster.store.Store;
import io.solaster.store.StoreFixture;
import io.solaster.store.command.CommandTable;
import org.junit.jupiter.api.Test;

/** A shard with nothing to evict writes on while another one is about to. */
class MakeRoomTest {
    private static final long LIMIT = 64 << 20;
    private static final long SLACK = LIMIT >> 6;
    private static final long FAR = Long.MAX_VALUE / 2;

    private int keys;

    /** Sets keys until those of all shards take so much. */
    private boolean fill(StoreShard part, long expiry, long bytes) {
        ByteBuf value = Unpooled.directBuffer().writeZero(1000);
        try {
            while (part.parts().held() <= bytes) {
                value.setInt(0, keys++);
                part.keyspace().set(Memory.address(value), 4, Memory.address(value), 1000, expiry);
                part.parts().held(part.shard().id(), part.keyspace().heldBytes());
            }
            return true;
        } finally {
            value.release();
        }
    }

    private static boolean mayWrite(StoreShard part) {
        return part.refusal(java.util.Objects.requireNonNull(CommandTable.named("set"))) == null;
    }

    @Test
    void aShardWithNothingToEvictWaitsForTheOther() {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER))) {
            Store store = Store.on(engine,
                    StoreConfig.defaults().withMemory(new ByteSize(LIMIT), Eviction.VOLATILE_LRU, 5));
            Parts parts = StoreFixture.parts(store);
            CountDownLatch busy = new CountDownLatch(1);
            var working = parts.sharded().on(1, part -> {
                fill(part, FAR, LIMIT - SLACK);
                try {
                    return busy.await(10, java.util.concurrent.TimeUnit.MINUTES);
                } catch (InterruptedException stopped) {
                    return false;
                }
            });
            try {
                StoreFixture.await("the other one holds most", () -> parts.held() > LIMIT - SLACK);
                boolean[] may = parts.sharded().on(0, part -> {
                    fill(part, 0, LIMIT + SLACK);
                    boolean within = mayWrite(part);
                    fill(part, 0, LIMIT + 2 * SLACK);
                    return new boolean[]{within, mayWrite(part)};
                }).join();
                assertThat(may).containsExactly(true, false);
            } finally {
                busy.countDown();
            }
            assertThat(working.join()).isTrue();
            StoreFixture.await("there is room", () -> parts.sharded().on(0, MakeRoomTest::mayWrite).join());
        }
    }
}
