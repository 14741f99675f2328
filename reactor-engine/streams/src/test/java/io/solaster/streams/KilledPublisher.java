package io.solaster.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;

/** Publishes and acknowledges until it is killed, and prints what was confirmed: for {@link TopicKillTest}. */
final class KilledPublisher {
    private KilledPublisher() {}

    static Map<String, TopicConfig> topics(Path directory, String fsync, int count) {
        Map<String, TopicConfig> all = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            all.put("t" + i, TopicConfig.in(directory.resolve("t" + i).toString()).withPartitions(3)
                    .withFsync(Fsync.valueOf(fsync))
                    .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(4 << 10)));
        }
        return all;
    }

    /** A shard that waited for the lock of the output could wait for a fork of its own that has it. */
    private static final Queue<String> LINES = new ConcurrentLinkedQueue<>();

    private static void print() {
        while (true) {
            for (String line = LINES.poll(); line != null; line = LINES.poll()) {
                System.out.println(line);
            }
            LockSupport.parkNanos(500_000);
        }
    }

    /** @param arguments directory, fsync, number of topics, what tells this life from others */
    public static void main(String... arguments) {
        Thread.ofPlatform().start(KilledPublisher::print);
        int count = Integer.parseInt(arguments[2]);
        Engine engine = Engine.start(EngineConfig.defaults().withShards(2)
                .withPinning(EngineConfig.Pinning.NEVER));
        Streams streams = Streams.open(engine, topics(Path.of(arguments[0]), arguments[1], count));
        for (int i = 0; i < count; i++) {
            String name = "t" + i;
            streams.consume(name, "g", ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP)
                    .withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND).withWindow(200, new ByteSize(1 << 20)),
                    delivery -> {
                        if (delivery.id().sequence() % 3 != 0) {
                            var ignored = delivery.ack().thenRun(() -> LINES
                                    .add("done " + name + " " + delivery.id() + " ."));
                        }
                    });
            Topic topic = streams.topic(name);
            engine.shard(i % 2).fork(() -> {
                for (int number = 0;;) {
                    List<CompletableFuture<EntryId>> all = new ArrayList<>();
                    List<String> values = new ArrayList<>();
                    for (int each = 0; each < 5; each++, number++) {
                        values.add(arguments[3] + "-" + number + "x".repeat(number * 37 % 500));
                        all.add(topic.publish(("k" + number % 11).getBytes(UTF_8), values.getLast().getBytes(UTF_8)));
                    }
                    for (int each = 0; each < all.size(); each++) {
                        LINES.add("published " + name + " " + all.get(each).join() + " "
                                + values.get(each).replaceAll("x", "") + " .");
                    }
                    Shard.sleep(Duration.ofMillis(2)).join();
                }
            });
        }
        LINES.add("ready");
    }
}
