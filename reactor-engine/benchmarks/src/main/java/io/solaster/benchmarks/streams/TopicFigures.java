package io.solaster.benchmarks.streams;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import io.netty.util.internal.PlatformDependent;
import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.Headers;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import io.solaster.streams.topic.Published;

/**
 * What an idle stream costs in memory, and how fast a topic is read when it is opened, beside how fast its files are. Arguments:
 * {@code idle TOPICS}, of 16,384 partitions and one group each; {@code recovery MEBIBYTES}; or {@code cost ROUNDS}: what the shards
 * take of the CPU for a publish of 128 bytes, which tells more than the clock where others run on the machine too.
 */
public final class TopicFigures {
    private static final int PARTITIONS = 16_384;
    private static final int WINDOW = 256 << 10;
    private static final int COUNT = 100_000;
    private static final int BURST = 500;

    private TopicFigures() {}

    /** As above. */
    public static void main(String... arguments) throws IOException {
        Path directory = Files.createTempDirectory("topic-figures");
        try {
            if (arguments[0].equals("idle")) {
                idle(directory, Integer.parseInt(arguments[1]));
            } else if (arguments[0].equals("cost")) {
                cost(directory, Integer.parseInt(arguments[1]), arguments.length > 2);
            } else {
                recovery(directory, Integer.parseInt(arguments[1]));
            }
        } finally {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private static Engine engine() {
        return Engine.start(EngineConfig.defaults().withShards(2).withPinning(EngineConfig.Pinning.NEVER));
    }

    private static long memory() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            least = Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least + PlatformDependent.usedDirectMemory();
    }

    private static void idle(Path directory, int count) {
        try (Engine engine = engine()) {
            Map<String, TopicConfig> configs = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                configs.put("t" + i, TopicConfig.in(directory.resolve("t" + i).toString()).withPartitions(PARTITIONS)
                        .withFsync(Fsync.NEVER)
                        .withSizes(new ByteSize(16 << 20), new ByteSize(8 << 20), new ByteSize(64 << 10)));
            }
            long before = memory();
            Streams streams = Streams.open(engine, configs);
            configs.keySet()
                    .forEach(name -> streams.consume(name, "g", ConsumeOptions.DEFAULTS, delivery -> {}).close());
            long streamsOf = (long) count * PARTITIONS;
            System.out.printf(Locale.ROOT, "%d streams with a group each: %.0f bytes a stream%n", streamsOf,
                    (double) (memory() - before) / streamsOf);
            for (Topic topic : streams.topics()) {
                List<CompletableFuture<?>> all = new ArrayList<>();
                for (int i = 0; i < PARTITIONS; i++) {
                    if (!topic.isWritable()) {
                        topic.whenWritable().join();
                    }
                    all.add(topic.publish(null, new byte[128]));
                }
                all.forEach(CompletableFuture::join);
            }
            System.out.printf(Locale.ROOT, "after a message of 128 bytes to each: %.0f bytes a stream%n",
                    (double) (memory() - before) / streamsOf);
        }
    }

    private static final class Ignoring implements Published {
        private static final Ignoring ONE = new Ignoring();

        static void publish(Topic topic, byte[] key, byte[] value) {
            topic.publish(key, value, Headers.NONE, ONE);
        }

        @Override
        public void published(int partition, long sequence) {
            // What is published is counted by the topic.
        }

        @Override
        public void failed(Throwable why) {
            throw new IllegalStateException(why);
        }
    }

    private static void cost(Path directory, int rounds, boolean heard) {
        try (Engine engine = engine()) {
            Topic topic = Streams.open(engine, Map.of("t", TopicConfig.in(directory.resolve("t").toString())
                    .withFsync(Fsync.NEVER).withRetain(TopicRetainConfig.everything()))).topic("t");
            byte[] key = "key".getBytes(StandardCharsets.US_ASCII);
            int owner = topic.shardOf(topic.partitionOf(key));
            for (int publisher : new int[]{owner, 1 - owner}) {
                double least = Double.MAX_VALUE;
                for (int round = 0; round < rounds; round++) {
                    long before = engine.shard(0).cpuNanos() + engine.shard(1).cpuNanos();
                    engine.shard(publisher).fork(() -> publish(topic, key, heard)).future().join();
                    long took = engine.shard(0).cpuNanos() + engine.shard(1).cpuNanos() - before;
                    least = Math.min(least, (double) took / COUNT);
                }
                System.out.printf(Locale.ROOT, "%s, %s: least CPU of %d rounds %.0f ns a publish%n",
                        publisher == owner ? "own shard" : "another shard", heard ? "heard of by one" : "a future each",
                        rounds, least);
            }
        }
    }

    private static boolean publish(Topic topic, byte[] key, boolean heard) {
        byte[] value = new byte[128];
        CompletableFuture<?> last = null;
        for (int i = 0; i < COUNT; i++) {
            if (i % BURST == 0) {
                Shard.yield().join();
            }
            if (!topic.isWritable()) {
                topic.whenWritable().join();
            }
            if (heard) {
                Ignoring.publish(topic, key, value);
            } else {
                last = topic.publish(key, value);
            }
        }
        (last == null ? topic.publish(key, value) : last).join();
        return true;
    }

    private static void recovery(Path directory, int mebibytes) throws IOException {
        TopicConfig config = TopicConfig.in(directory.resolve("t").toString()).withPartitions(8).withFsync(Fsync.NEVER);
        int entries = (int) ((long) mebibytes * (1 << 20) / 192);
        try (Engine engine = engine()) {
            Topic topic = Streams.open(engine, Map.of("t", config)).topic("t");
            byte[] value = new byte[128];
            engine.shard(0).fork(() -> {
                for (int i = 0; i < entries; i++) {
                    if (i % BURST == 0) {
                        Shard.yield().join();
                    }
                    if (!topic.isWritable()) {
                        topic.whenWritable().join();
                    }
                    Ignoring.publish(topic, Integer.toString(i % 500).getBytes(StandardCharsets.US_ASCII), value);
                }
                return true;
            }).future().join();
        }
        for (int round = 0; round < 3; round++) {
            long begun = System.nanoTime();
            long bytes = read(directory);
            long read = System.nanoTime() - begun;
            try (Engine engine = engine()) {
                begun = System.nanoTime();
                Streams.open(engine, Map.of("t", config));
                long opened = System.nanoTime() - begun;
                System.out.printf(Locale.ROOT,
                        "%d MiB, %d entries: read by one thread %.0f MB/s, opened by 2 shards %.0f MB/s%n",
                        bytes >> 20, entries, bytes * 1e3 / read, bytes * 1e3 / opened);
            }
        }
    }

    private static long read(Path directory) throws IOException {
        ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
        long bytes = 0;
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path each : all.filter(file -> file.toString().endsWith(".log")).toList()) {
                try (FileChannel file = FileChannel.open(each)) {
                    int count = file.read(window.clear());
                    while (count > 0) {
                        bytes += count;
                        count = file.read(window.clear());
                    }
                }
            }
        }
        return bytes;
    }
}
