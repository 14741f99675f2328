package io.solaster.benchmarks.engine;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.memory.ObjectPool;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What it costs to take an object from a shard's pool and to give it back, beside a new one. Run with {@code -prof gc}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED"})
@State(Scope.Benchmark)
public class ObjectPoolBenchmark {
    private static final int COUNT = 1_000_000;
    private static final int BYTES = 256;

    private @Nullable Engine engine;
    private @Nullable ObjectPool<byte[]> pool;

    @Setup
    public void setUp() {
        Engine started = Engine.start(EngineConfig.defaults().withShards(1));
        engine = started;
        pool = started.submitTo(0, () -> started.shard(0).memory().pool("bytes", () -> new byte[BYTES], 64)).join();
    }

    @TearDown
    public void tearDown() {
        Objects.requireNonNull(engine).close();
    }

    private void onShard(Runnable work) {
        Objects.requireNonNull(engine).submitTo(0, () -> {
            work.run();
            return true;
        }).join();
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void takeAndGive(Blackhole blackhole) {
        ObjectPool<byte[]> of = Objects.requireNonNull(pool);
        onShard(() -> {
            for (int i = 0; i < COUNT; i++) {
                byte[] taken = of.take();
                blackhole.consume(taken);
                of.give(taken);
            }
        });
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void fresh(Blackhole blackhole) {
        onShard(() -> {
            for (int i = 0; i < COUNT; i++) {
                blackhole.consume(new byte[BYTES]);
            }
        });
    }
}
