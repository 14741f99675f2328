package io.solaster.benchmarks.streams;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.EntryId;
import io.solaster.streams.Headers;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import io.solaster.streams.topic.Published;
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
 * What an entry of 128 bytes costs from publish to acknowledgement, and to a group's acknowledgement: of the shard that has the
 * partition, or of another. Run with {@code -prof gc}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED"})
@State(Scope.Benchmark)
public class TopicBenchmark {
    private static final int COUNT = 20_000;
    private static final int PUBLISHERS = 64;
    private static final int EACH = 20;
    private static final int BURST = 500;

    /** Which shard publishes: the one that has the partition, or another. */
    @Param({"own", "other"})
    String from = "own";

    private final byte[] value = new byte[128];
    private final byte[] key = "key".getBytes(StandardCharsets.US_ASCII);
    private @Nullable Path directory;
    private @Nullable Engine engine;
    private @Nullable Streams streams;
    private int publisher;
    /** Counted by the shard that has the partition. */
    private final Counter consumed = new Counter();
    private long published;

    @Setup
    public void setUp() throws IOException {
        Path made = Files.createTempDirectory("topic-benchmark");
        directory = made;
        Engine started = Engine.start(EngineConfig.defaults().withShards(2).withPinning(EngineConfig.Pinning.NEVER));
        engine = started;
        TopicConfig config = TopicConfig.in(made.resolve("never").toString()).withFsync(Fsync.NEVER)
                .withRetain(new TopicRetainConfig(new ByteSize(256 << 20), null, false));
        Streams opened = Streams.open(started, Map.of("never", config, "consumed",
                TopicConfig.in(made.resolve("consumed").toString()).withFsync(Fsync.NEVER)
                        .withRetain(config.retain()),
                "always", TopicConfig.in(made.resolve("always").toString())));
        streams = opened;
        opened.consume("consumed", "g", ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP)
                .withWindow(4096, new ByteSize(4 << 20)), delivery -> consumed.increment());
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

    private Topic topic(String name) {
        Topic topic = Objects.requireNonNull(streams).topic(name);
        int owner = topic.shardOf(topic.partitionOf(key));
        publisher = from.equals("own") ? owner : 1 - owner;
        return topic;
    }

    private void publish(Topic topic) {
        Objects.requireNonNull(engine).shard(publisher).fork(() -> {
            CompletableFuture<EntryId> last = null;
            for (int sent = 0; sent < COUNT; sent += BURST) {
                for (int i = 0; i < BURST; i++) {
                    if (!topic.isWritable()) {
                        topic.whenWritable().join();
                    }
                    last = topic.publish(key, value);
                }
                Shard.yield().join();
            }
            return last == null ? null : last.join();
        }).future().join();
    }

    /** Until all are acknowledged, which is: written. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void publish() {
        publish(topic("never"));
    }

    /** As {@link #publish}, heard of by one object in place of a future for each. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void publishHeard() {
        Topic topic = topic("never");
        Heard heard = new Heard();
        Objects.requireNonNull(engine).shard(publisher).fork(() -> {
            for (int sent = 0; sent < COUNT; sent += BURST) {
                for (int i = 0; i < BURST; i++) {
                    if (!topic.isWritable()) {
                        topic.whenWritable().join();
                    }
                    topic.publish(key, value, Headers.NONE, heard);
                }
                Shard.yield().join();
            }
            return true;
        }).future().join();
        heard.all.join();
    }

    private static final class Heard implements Published {
        private final CompletableFuture<Boolean> all = new CompletableFuture<>();
        private int count;

        @Override
        public void published(int partition, long sequence) {
            if (++count == COUNT) {
                all.complete(true);
            }
        }

        @Override
        public void failed(Throwable why) {
            all.completeExceptionally(why);
        }
    }

    /** Until a group has acknowledged all, in order. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void publishAndConsume() {
        published += COUNT;
        publish(topic("consumed"));
        while (consumed.get() < published) {
            Thread.onSpinWait();
        }
    }

    /** 64 who publish one after the other, each of which is synced: the time of one. */
    @Benchmark
    @OperationsPerInvocation(PUBLISHERS * EACH)
    public void always() {
        Topic topic = topic("always");
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (int each = 0; each < PUBLISHERS; each++) {
            all.add(Objects.requireNonNull(engine).shard(publisher).fork(() -> {
                for (int i = 0; i < EACH; i++) {
                    topic.publish(key, value).join();
                }
                return true;
            }).future());
        }
        all.forEach(CompletableFuture::join);
    }
}
