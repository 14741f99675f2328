package io.solaster.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Engine;
import io.solaster.testkit.chaos.ChildJvm;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Another process that publishes and acknowledges is killed at some point: what was confirmed holds, in each of its topics. */
@SolasterTest(shards = 2)
final class TopicKillTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;
    private final Engine engine;
    private final Map<String, Map<String, String>> published = new ConcurrentHashMap<>();
    private final Map<String, Set<String>> done = new ConcurrentHashMap<>();

    TopicKillTest(Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void locksAreHadHere() throws IOException {
        try (FileChannel channel = FileChannel.open(directory.resolve("tried"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
        } catch (IOException none) {
            assumeTrue(false, "no locks of files in " + directory + ": " + none.getMessage());
        }
        Files.delete(directory.resolve("tried"));
    }

    private void kill(Events events, Random random, String fsync, int topics, int times) throws Exception {
        for (int life = 0; life < times; life++) {
            try (ChildJvm child = ChildJvm.of(KilledPublisher.class, directory.toString(), fsync, topics + "",
                    "life" + life).start(events)) {
                for (int line = 1 + random.nextInt(80 * topics); line > 0; line--) {
                    child.line("published", PATIENCE);
                }
                LockSupport.parkNanos(random.nextInt(3_000_000));
                child.kill();
                hear(child.output());
            }
            compare(fsync, topics);
        }
        assertThat(published).hasSize(topics);
        assertThat(done).isNotEmpty();
    }

    private void hear(String output) {
        for (String line : output.lines().toList()) {
            String[] words = line.split(" ");
            // The last line may be torn, and then it lacks its end.
            if (words[words.length - 1].equals(".") && words[0].equals("published")) {
                published.computeIfAbsent(words[1], name -> new ConcurrentHashMap<>()).put(words[2], words[3]);
            } else if (words[words.length - 1].equals(".") && words[0].equals("done")) {
                done.computeIfAbsent(words[1], name -> ConcurrentHashMap.newKeySet()).add(words[2]);
            }
        }
    }

    private void compare(String fsync, int topics) {
        try (Streams streams = Streams.open(engine, KilledPublisher.topics(directory, fsync, topics))) {
            for (Topic topic : streams.topics()) {
                String name = topic.name();
                Map<String, String> there = new ConcurrentHashMap<>();
                Set<String> again = ConcurrentHashMap.newKeySet();
                read(streams, topic, "audit", delivery -> there.put(delivery.id().toString(),
                        new String(delivery.value(), UTF_8).replaceAll("x", "")));
                assertThat(there).as(name).containsAllEntriesOf(published.getOrDefault(name, Map.of()));
                topic.deleteGroup("audit").join();
                if (topic.groups().join().stream().anyMatch(each -> each.name().equals("g"))) {
                    read(streams, topic, "g", delivery -> again.add(delivery.id().toString()));
                    assertThat(done.getOrDefault(name, Set.of())).as(name).noneMatch(again::contains);
                    Set<String> all = new HashSet<>(again);
                    all.addAll(done.getOrDefault(name, Set.of()));
                    done.put(name, ConcurrentHashMap.newKeySet());
                    done.get(name).addAll(all);
                }
            }
        }
    }

    private static void read(Streams streams, Topic topic, String group, DeliveryHandler handler) {
        try (Consumption reads = streams.consume(topic.name(), group,
                ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP), handler)) {
            until(() -> topic.groups().join().stream().filter(each -> each.name().equals(reads.group()))
                    .allMatch(each -> each.lag() == 0));
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited for a minute").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "never"})
    void whatWasConfirmedHolds(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 2, 1);
    }

    /** 200 topics that are killed, of which 8 are so at once. */
    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "1s", "never"})
    void whatWasConfirmedHoldsEachTime(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 8, fsync.equals("always") ? 9 : 8);
    }
}
