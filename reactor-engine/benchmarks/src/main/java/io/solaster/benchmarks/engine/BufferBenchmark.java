package io.solaster.benchmarks.engine;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.engine.mesh.RoundTrip;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs a shard to take a direct buffer and to release it: alone, 64 at a time as pipelines hold them, and where
 * another shard releases it; by Netty's two allocators and by the engine's {@link ReusedBuffer}. At the end of each it
 * prints what the allocator holds. Run with {@code -prof gc}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Dio.netty.leakDetection.level=disabled"})
@State(Scope.Benchmark)
public class BufferBenchmark {
    private static final int COUNT = 1 << 17;
    private static final int AT_ONCE = 64;

    /** Who makes the buffers. */
    public enum Maker {
        ADAPTIVE, POOLED, REUSED
    }

    @Param({"ADAPTIVE", "POOLED", "REUSED"})
    public Maker maker = Maker.ADAPTIVE;

    @Param({"256", "4096", "65536"})
    public int bytes;

    private @Nullable Engine engine;
    private ByteBufAllocator allocator = ByteBufAllocator.DEFAULT;

    @Setup
    public void setUp() {
        engine = Engine.start(EngineConfig.defaults().withShards(2));
        allocator = maker == Maker.ADAPTIVE ? new AdaptiveByteBufAllocator(true) : new PooledByteBufAllocator(true);
    }

    @TearDown
    public void tearDown() {
        Objects.requireNonNull(engine).close();
        if (allocator instanceof ByteBufAllocatorMetricProvider provider) {
            System.out.println("holds " + (provider.metric().usedDirectMemory() >> 10) + " KiB");
        }
    }

    private int onShard(ToIntFunction<Shard> work) {
        Engine on = Objects.requireNonNull(engine);
        return on.submitTo(0, () -> work.applyAsInt(on.shard(0))).join();
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int takeAndRelease() {
        return onShard(maker == Maker.REUSED ? shard -> reused() : shard -> alone());
    }

    private int alone() {
        ByteBufAllocator from = allocator;
        int size = bytes;
        int sum = 0;
        for (int i = 0; i < COUNT; i++) {
            ByteBuf buffer = from.directBuffer(size);
            sum += buffer.writableBytes();
            buffer.release();
        }
        return sum;
    }

    private int reused() {
        ReusedBuffer from = new ReusedBuffer(allocator, bytes);
        int sum = 0;
        for (int i = 0; i < COUNT; i++) {
            ByteBuf buffer = from.take();
            sum += buffer.writableBytes();
            buffer.release();
        }
        from.close();
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int many() {
        return onShard(shard -> {
            ByteBuf[] held = new ByteBuf[AT_ONCE];
            int sum = 0;
            for (int i = 0; i < COUNT; i += AT_ONCE) {
                sum += take(held);
                release(held);
            }
            return sum;
        });
    }

    private int take(ByteBuf[] held) {
        int sum = 0;
        for (int i = 0; i < AT_ONCE; i++) {
            ByteBuf buffer = allocator.directBuffer(bytes);
            sum += buffer.writableBytes();
            held[i] = buffer;
        }
        return sum;
    }

    private static void release(ByteBuf[] held) {
        for (ByteBuf each : held) {
            each.release();
        }
    }

    /** With a 64th of a trip to the other shard and back. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int releasedElsewhere() {
        return trips(true);
    }

    /** The same trip, and nothing but that. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int releasedAtHome() {
        return trips(false);
    }

    private int trips(boolean elsewhere) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        Objects.requireNonNull(engine).shard(0).execute(() -> new Trip(elsewhere, done).begin());
        return done.join();
    }

    /** Takes as many as go at once, sends them to the other shard, and takes the next when that has answered. */
    private final class Trip extends RoundTrip {
        private final ByteBuf[] held = new ByteBuf[AT_ONCE];
        private final boolean elsewhere;
        private final CompletableFuture<Integer> done;
        private int left = COUNT / AT_ONCE;
        private int sum;

        Trip(boolean elsewhere, CompletableFuture<Integer> done) {
            this.elsewhere = elsewhere;
            this.done = done;
        }

        void begin() {
            sum += take(held);
            send(Objects.requireNonNull(Shard.current()).mesh(), 1);
        }

        @Override
        protected void serve() {
            if (elsewhere) {
                release(held);
            }
        }

        @Override
        protected void answered() {
            if (!elsewhere) {
                release(held);
            }
            if (--left > 0) {
                begin();
            } else {
                done.complete(sum);
            }
        }

        @Override
        protected void failed(Throwable cause) {
            done.completeExceptionally(cause);
        }
    }
}
