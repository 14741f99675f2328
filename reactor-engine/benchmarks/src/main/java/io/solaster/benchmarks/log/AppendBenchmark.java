package io.solaster.benchmarks.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.log.ShardLog;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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

/** What it costs a shard to append a record; it is written between the rounds. Run with {@code -prof gc}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED"})
@State(Scope.Benchmark)
public class AppendBenchmark {
    private static final int COUNT = 2_000;

    @Param({"16", "100", "1000"})
    int bytes;

    private @Nullable Path directory;
    private @Nullable Engine engine;
    private @Nullable Log log;
    private ByteBuf payload = Unpooled.EMPTY_BUFFER;

    @Setup
    public void setUp() throws IOException {
        Path made = Files.createTempDirectory("append-benchmark");
        directory = made;
        payload = Unpooled.directBuffer(bytes).writeZero(bytes);
        Engine started = Engine.start(EngineConfig.defaults().withShards(1));
        engine = started;
        log = Log.open(started, "benchmark", LogConfig.in(made.toString()).withFsync(Fsync.NEVER)
                .withRetain(new RetainConfig(new ByteSize(256 << 20), null)));
    }

    @Setup(Level.Invocation)
    public void drain() {
        Log of = Objects.requireNonNull(log);
        Objects.requireNonNull(engine).submitStageTo(0, CallOptions.DEFAULTS,
                () -> of.local().whenAcknowledged(of.local().next() - 1)
                        .thenCompose(written -> of.local().whenWritable()))
                .join();
    }

    @TearDown
    public void tearDown() throws IOException {
        Objects.requireNonNull(engine).close();
        try (Stream<Path> all = Files.walk(Objects.requireNonNull(directory))) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public long append() {
        Log of = Objects.requireNonNull(log);
        ByteBuf record = payload;
        return Objects.requireNonNull(engine).submitTo(0, () -> {
            ShardLog own = of.local();
            long last = 0;
            for (int i = 0; i < COUNT; i++) {
                last = own.append(0, 1, record);
            }
            return last;
        }).join();
    }
}
