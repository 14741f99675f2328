package io.solaster.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Netty's allocators use again at home what another shard has released: why the mesh carries no buffers back. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class BuffersGoHomeTest {
    private static final int ROUNDS = 600;
    private static final int AT_ONCE = 64;
    private static final int MOST_BYTES = 64 << 10;
    /** Several times what is out at once; all that is taken comes to ten times as much as this. */
    private static final long BOUND = 48L << 20;

    static Stream<Named<ByteBufAllocator>> allocators() {
        return Stream.of(Named.of("adaptive", new AdaptiveByteBufAllocator(true)),
                Named.of("pooled", new PooledByteBufAllocator(true)));
    }

    @ParameterizedTest
    @MethodSource("allocators")
    void aBufferThatAnotherShardReleasesIsUsedAgain(ByteBufAllocator allocator) {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            ByteBuf[] out = new ByteBuf[AT_ONCE];
            for (int round = 0; round < ROUNDS; round++) {
                int bytes = MOST_BYTES >> round % 9;
                Engines.get(engine.submitTo(0, () -> {
                    for (int i = 0; i < AT_ONCE; i++) {
                        out[i] = allocator.directBuffer(bytes).writeLong(i);
                    }
                    return true;
                }));
                Engines.get(engine.submitTo(1, () -> {
                    for (ByteBuf each : out) {
                        each.release();
                    }
                    return true;
                }));
                assertThat(((ByteBufAllocatorMetricProvider) allocator).metric().usedDirectMemory())
                        .as("held after %d rounds", round).isLessThan(BOUND);
            }
        }
    }
}
