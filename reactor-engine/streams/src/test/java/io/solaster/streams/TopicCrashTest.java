package io.solaster.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.log.LogSealedException;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Topics on a disk that forgets, tears, fails and fills up: what they acknowledged is there after each crash. */
final class TopicCrashTest {
    private static final String TOPIC = "orders";
    private static final int LIVES = 3;
    private static final int PARTITIONS = 5;
    private static final Path DIRECTORY = Path.of("/data/orders");
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final DiskFaults SLOW = DiskFaults.NONE.delayed(Duration.ofMillis(1)).jittered(Duration.ofMillis(4));
    private static final ConsumeOptions BY_HAND = ConsumeOptions.DEFAULTS.withRun(ConsumeOptions.Run.LOOP)
            .withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND)
            .withBackOff(Duration.ofMillis(1), Duration.ofMillis(20));

    private static TopicConfig config(String fsync) {
        return TopicConfig.in(DIRECTORY.toString()).withPartitions(PARTITIONS).withFsync(Fsync.valueOf(fsync))
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(4 << 10))
                .withInFlight(1000, new ByteSize(64 << 10), Duration.ofSeconds(1));
    }

    private static Engine start(Machine machine, int shards) {
        return machine.start(EngineConfig.defaults().withShards(shards));
    }

    /** What a topic was told and has said, over all lives of its machine. */
    private static final class Run {
        final Simulation sim;
        final Machine machine;
        TopicConfig config;
        /** By value: 1 what was published, whatever became of it. */
        final Set<String> tried = new HashSet<>();
        final Map<String, EntryId> acknowledged = new HashMap<>();
        /** Of the group, what is known to be in the log. */
        final Set<EntryId> done = new HashSet<>();
        /** What it was asked to acknowledge: where that was not heard of, the log may have it. */
        final Set<EntryId> asked = new HashSet<>();
        int values;
        int life;
        /** Whether retention may have taken the oldest. */
        boolean retains;
        long found;

        Run(Simulation sim, String fsync) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.config = config(fsync);
        }

        Streams open(Engine engine) {
            return Streams.open(engine, Map.of(TOPIC, config));
        }

        long lag(Streams streams, String group) {
            return sim.await(streams.topic(TOPIC).groups(), PATIENCE).stream()
                    .filter(each -> each.name().equals(group)).mapToLong(GroupState::lag).sum();
        }

        /** Reads all that is there by a group of its own, and compares. */
        void audit(Streams streams, boolean allThere, int life) {
            if (allThere) {
                assertThat(sim.await(streams.topic(TOPIC).groups(), PATIENCE)).extracting(GroupState::name)
                        .doesNotContain("audit-" + (life - 1));
            }
            Map<EntryId, String> there = new HashMap<>();
            String group = "audit-" + life;
            Consumption reads = streams.consume(TOPIC, group, BY_HAND, delivery -> {
                assertThat(there.put(delivery.id(), new String(delivery.value(), UTF_8))).isNull();
                var ignored = delivery.ack();
            });
            sim.until(() -> lag(streams, group) == 0, PATIENCE);
            sim.await(reads.stop(), PATIENCE);
            sim.await(streams.topic(TOPIC).deleteGroup(group), PATIENCE);
            Map<Integer, Long> last = new HashMap<>();
            Map<Integer, Long> count = new HashMap<>();
            there.forEach((id, value) -> {
                assertThat(tried).contains(value);
                last.merge(id.partition(), id.sequence(), Math::max);
                count.merge(id.partition(), 1L, Long::sum);
            });
            if (!retains) {
                assertThat(count).as("without holes").isEqualTo(last);
            }
            assertThat(there.values()).doesNotHaveDuplicates();
            if (allThere && !retains) {
                acknowledged.forEach((value, id) -> assertThat(there).as("life %d", life).containsEntry(id, value));
            }
            acknowledged.values().retainAll(there.keySet());
            acknowledged.forEach((value, id) -> assertThat(there).containsEntry(id, value));
            if (!allThere) {
                done.clear();
            }
            found += there.size();
        }

        void publish(Engine engine, Streams streams) {
            Topic topic = streams.topic(TOPIC);
            int mine = life;
            for (Shard shard : engine.shards()) {
                shard.fork(() -> {
                    // A machine that was taken down is taken apart at the end, for which it runs on.
                    while (mine == life) {
                        for (int i = 1 + sim.random().nextInt(10); i > 0; i--) {
                            if (!topic.isWritable()) {
                                topic.whenWritable().join();
                            }
                            String value = values++ + "-" + "x".repeat(sim.random().nextInt(1_500));
                            tried.add(value);
                            topic.publish(("k" + sim.random().nextInt(40)).getBytes(UTF_8), value.getBytes(UTF_8))
                                    .whenComplete((id, why) -> {
                                        if (why == null) {
                                            acknowledged.put(value, id);
                                        }
                                    });
                        }
                        Shard.sleep(Duration.ofMillis(sim.random().nextInt(10))).join();
                    }
                    return true;
                });
            }
        }

        Consumption consume(Streams streams, int acknowledgesOf100) {
            int mine = life;
            return streams.consume(TOPIC, "g", BY_HAND, delivery -> {
                if (mine != life) {
                    return;
                }
                assertThat(done).as("what was acknowledged comes again").doesNotContain(delivery.id());
                if (sim.random().nextInt(100) < acknowledgesOf100) {
                    asked.add(delivery.id());
                    var ignored = delivery.ack().whenComplete((synced, why) -> {
                        if (why == null) {
                            done.add(delivery.id());
                        }
                    });
                } else {
                    delivery.nack();
                }
            });
        }

        void end(boolean power) {
            life++;
            if (power) {
                machine.crash();
            } else {
                machine.kill();
            }
        }
    }

    private static long lives(Simulation sim, String fsync, boolean power, boolean reshards) {
        Run run = new Run(sim, fsync);
        run.machine.disk().set(SLOW);
        boolean allThere = fsync.equals("always") || !power;
        int shards = 2;
        for (int life = 0; life < LIVES; life++) {
            Engine engine = start(run.machine, shards);
            if (life > 0 && sim.random().nextInt(4) == 0) {
                // It ends while it opens: nothing must get worse.
                sim.thread("opening", () -> run.open(engine));
                sim.sleep(Duration.ofMillis(sim.random().nextInt(80)));
                run.end(power);
                continue;
            }
            Streams streams = run.open(engine);
            run.audit(streams, allThere, life);
            run.publish(engine, streams);
            run.consume(streams, 70);
            sim.sleep(Duration.ofMillis(sim.random().nextInt(200)));
            run.end(power);
            shards = reshards ? 1 + sim.random().nextInt(3) : shards;
        }
        Engine engine = start(run.machine, shards);
        Streams streams = run.open(engine);
        run.audit(streams, allThere, LIVES);
        Consumption rest = run.consume(streams, 100);
        sim.until(() -> run.lag(streams, "g") == 0, PATIENCE);
        sim.await(rest.stop(), PATIENCE);
        if (allThere) {
            assertThat(run.asked).as("the group had all").containsAll(run.acknowledged.values());
        }
        return run.machine.disk().count(Effect.LOST_WRITES);
    }

    private static long seeds(int from, int count, String fsync, boolean power, boolean reshards) {
        long[] lost = {0};
        for (long seed = from; seed < from + count; seed++) {
            Simulation.run(seed, sim -> lost[0] += lives(sim, fsync, power, reshards));
        }
        return lost[0];
    }

    @Test
    void whatWasAcknowledgedOutlivesThePower() {
        assertThat(seeds(0, 4, "always", true, false)).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"20ms", "never"})
    void aCrashLeavesTheBeginningOfEachPartition(String fsync) {
        assertThat(seeds(0, 1, fsync, true, false)).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"20ms", "never"})
    void whatWasWrittenOutlivesTheProcess(String fsync) {
        seeds(0, 1, fsync, false, false);
    }

    @Test
    void whatWasAcknowledgedOutlivesAnotherNumberOfShards() {
        seeds(0, 4, "always", true, true);
    }

    @Tag("full")
    @Test
    void moreSeeds() {
        seeds(100, 12, "always", true, false);
        seeds(100, 12, "always", true, true);
        for (String fsync : List.of("20ms", "never")) {
            seeds(100, 4, fsync, true, true);
            seeds(100, 4, fsync, false, true);
        }
    }

    @Test
    void whatRetentionLetsGoOfIsTheOldestAndNothingElse() {
        Simulation.run(3, sim -> {
            Run run = new Run(sim, "always");
            run.retains = true;
            run.config = run.config.withRetain(new TopicRetainConfig(new ByteSize(256 << 10), null, false));
            run.machine.disk().set(SLOW);
            for (int life = 0; life < 2; life++) {
                Engine engine = start(run.machine, 2);
                Streams streams = run.open(engine);
                run.audit(streams, true, life);
                run.publish(engine, streams);
                run.consume(streams, 90);
                sim.sleep(Duration.ofSeconds(1));
                assertThat(streams.topic(TOPIC).logStats()).allSatisfy(
                        each -> assertThat(each.diskBytes.get()).isLessThan(900 << 10));
                run.end(true);
            }
            Engine engine = start(run.machine, 2);
            Streams streams = run.open(engine);
            run.audit(streams, true, 9);
            assertThat(run.found).isPositive();
        });
    }

    /** Of each key, the last value that was acknowledged. */
    private static void lastOfEachKey(Simulation sim, boolean power) {
        Machine machine = sim.machine("a");
        machine.disk().set(SLOW);
        TopicConfig config = config("always").withRetain(TopicRetainConfig.everything().withLastPerKey(true));
        Map<String, Integer> acknowledged = new HashMap<>();
        Map<String, EntryId> ids = new HashMap<>();
        int[] values = {0};
        int[] life = {0};
        for (int lives = 0; lives < 4; lives++) {
            Engine engine = start(machine, 2);
            Streams streams = Streams.open(engine, Map.of(TOPIC, config));
            Topic topic = streams.topic(TOPIC);
            Map<String, Integer> last = new HashMap<>();
            Map<String, Long> sequences = new HashMap<>();
            int[] found = {0};
            Consumption reads = streams.consume(TOPIC, "audit" + lives, BY_HAND, delivery -> {
                String key = new String(Objects.requireNonNull(delivery.key()), UTF_8);
                assertThat(delivery.id().sequence()).isGreaterThan(sequences.getOrDefault(key, 0L));
                sequences.put(key, delivery.id().sequence());
                int value = Integer.parseInt(new String(delivery.value(), UTF_8).replace("x", ""));
                assertThat(value).isGreaterThan(last.getOrDefault(key, -1));
                last.put(key, value);
                found[0]++;
                var ignored = delivery.ack();
            });
            String group = "audit" + lives;
            sim.until(() -> sim.await(topic.groups(), PATIENCE).stream().filter(each -> each.name().equals(group))
                    .mapToLong(GroupState::lag).sum() == 0, PATIENCE);
            sim.await(reads.stop(), PATIENCE);
            acknowledged.forEach((key, value) -> assertThat(last.getOrDefault(key, -1)).as(key)
                    .isGreaterThanOrEqualTo(value));
            ids.forEach((key, id) -> assertThat(sequences.getOrDefault(key, 0L)).isGreaterThanOrEqualTo(id.sequence()));
            if (lives == 3) {
                assertThat(found[0]).as("of %d published", values[0]).isLessThan(values[0] / 2);
                return;
            }
            int mine = life[0];
            engine.shard(0).fork(() -> {
                while (mine == life[0]) {
                    if (!topic.isWritable()) {
                        topic.whenWritable().join();
                    }
                    String key = "k" + sim.random().nextInt(30);
                    int value = values[0]++;
                    topic.publish(key.getBytes(UTF_8), (value + "x".repeat(600)).getBytes(UTF_8))
                            .whenComplete((id, why) -> {
                                if (why == null) {
                                    acknowledged.put(key, value);
                                    ids.put(key, id);
                                }
                            });
                    if (value % 20 == 0) {
                        Shard.sleep(Duration.ofMillis(2)).join();
                    }
                }
                return true;
            });
            sim.until(() -> topic.stats().stream().mapToLong(each -> each.compactions.get()).sum() >= 3, PATIENCE);
            sim.sleep(Duration.ofMillis(sim.random().nextInt(100)));
            life[0]++;
            if (power) {
                machine.crash();
            } else {
                machine.kill();
            }
        }
    }

    @Test
    void compactionKeepsTheLastEntryOfEachKey() {
        for (long seed = 0; seed < 2; seed++) {
            boolean power = seed % 2 == 0;
            Simulation.run(seed, sim -> lastOfEachKey(sim, power));
        }
    }

    @Tag("full")
    @Test
    void compactionKeepsTheLastEntryOfEachKeyManyTimes() {
        for (long seed = 100; seed < 130; seed++) {
            boolean power = seed % 2 == 0;
            Simulation.run(seed, sim -> lastOfEachKey(sim, power));
        }
    }

    @Test
    void aClockThatIsSetBackChangesNoOrder() {
        Simulation.run(5, sim -> {
            Run run = new Run(sim, "always");
            Engine engine = start(run.machine, 2);
            Streams streams = run.open(engine);
            run.publish(engine, streams);
            sim.sleep(Duration.ofMillis(50));
            run.machine.jumpClock(Duration.ofDays(-400));
            sim.sleep(Duration.ofMillis(50));
            run.end(true);
            Engine second = start(run.machine, 2);
            Streams again = run.open(second);
            run.audit(again, true, 1);
            assertThat(run.acknowledged).isNotEmpty();
            run.life++;
            long before = run.acknowledged.values().stream().filter(id -> id.partition() == 0)
                    .mapToLong(EntryId::sequence).max().orElse(0);
            byte[] key = keyOf(again.topic(TOPIC), 0);
            assertThat(sim.await(again.topic(TOPIC).publish(key, key)).sequence()).isGreaterThan(before);
        });
    }

    private static byte[] keyOf(Topic topic, int partition) {
        for (int i = 0;; i++) {
            byte[] key = ("k" + i).getBytes(UTF_8);
            if (topic.partitionOf(key) == partition) {
                return key;
            }
        }
    }

    /** Of the shard that has the partition, of the other one, and of a thread that is none, at once and more than there is room for. */
    @Test
    void whatEachPublishesStaysInItsOrderWhereTheDiskIsSlow() {
        for (long seed = 0; seed < 3; seed++) {
            Simulation.run(seed, sim -> {
                Machine machine = sim.machine("a");
                machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(5)).jittered(Duration.ofMillis(20)));
                Engine engine = start(machine, 2);
                Topic topic = Streams.open(engine, Map.of(TOPIC, config("always").withPartitions(1)
                        .withInFlight(100, new ByteSize(64 << 10), Duration.ofMinutes(1)))).topic(TOPIC);
                List<List<CompletableFuture<EntryId>>> all = List.of(new ArrayList<>(), new ArrayList<>(),
                        new ArrayList<>());
                for (int shard = 0; shard < 2; shard++) {
                    List<CompletableFuture<EntryId>> mine = all.get(shard);
                    engine.shard(shard).fork(() -> publishInOrder(sim, topic, mine));
                }
                sim.thread("outside", () -> publishInOrder(sim, topic, all.get(2)));
                sim.until(() -> all.stream().allMatch(each -> each.size() == 300), PATIENCE);
                Set<EntryId> ids = new HashSet<>();
                for (List<CompletableFuture<EntryId>> each : all) {
                    List<Long> sequences = each.stream().map(id -> sim.await(id, PATIENCE).sequence()).toList();
                    assertThat(sequences).isSorted();
                    sequences.forEach(sequence -> ids.add(new EntryId(0, sequence)));
                }
                assertThat(ids).hasSize(900);
                assertThat(topic.isWritable()).isTrue();
            });
        }
    }

    private static boolean publishInOrder(Simulation sim, Topic topic, List<CompletableFuture<EntryId>> all) {
        while (all.size() < 300) {
            if (!topic.isWritable()) {
                await(sim, topic.whenWritable());
            }
            all.add(topic.publish(null, new byte[sim.random().nextInt(3_000)]));
            if (sim.random().nextInt(10) == 0 && Shard.current() != null) {
                Shard.yield().join();
            }
        }
        return true;
    }

    private static void await(Simulation sim, CompletableFuture<?> future) {
        if (Shard.current() == null) {
            sim.await(future, PATIENCE);
        } else {
            future.join();
        }
    }

    @Test
    void aTopicThatClosesSlowlyKeepsItsDirectoryUntilItHas() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            Engine engine = start(run.machine, 1);
            Streams streams = run.open(engine);
            run.machine.disk().set(DiskFaults.NONE.delayed(Duration.ofSeconds(20)));
            streams.close();
            run.machine.disk().set(DiskFaults.NONE);
            assertThatThrownBy(() -> run.open(engine)).isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("topic 'orders' needs");
            sim.sleep(Duration.ofMinutes(5));
            run.open(engine).close();
        });
    }

    @Test
    void aFullDiskRefusesPublishesByNameAndReadsGoOn() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            run.machine.disk().capacity(1 << 20);
            Engine engine = start(run.machine, 1);
            Streams streams = run.open(engine);
            Topic topic = streams.topic(TOPIC);
            List<EntryId> got = new ArrayList<>();
            streams.consume(TOPIC, "g", BY_HAND, delivery -> {
                got.add(delivery.id());
                var ignored = delivery.ack();
            });
            Throwable refused = null;
            int accepted = 0;
            while (refused == null) {
                try {
                    sim.await(topic.publish(null, new byte[3000]), PATIENCE);
                    accepted++;
                } catch (RuntimeException full) {
                    refused = ShardFuture.causeOf(full);
                }
            }
            assertThat(refused).hasStackTraceContaining("topic 'orders' takes no entry now")
                    .hasStackTraceContaining("no room on the disk");
            assertThat(topic.noRoom()).isNotNull();
            int all = accepted;
            sim.until(() -> got.size() == all, PATIENCE);
            run.machine.disk().capacity(4 << 20);
            assertThat(sim.await(publishPatiently(topic), PATIENCE).isKept()).isTrue();
            sim.until(() -> got.size() == all + 1, PATIENCE);
            sim.until(() -> run.lag(streams, "g") == 0, PATIENCE);
        });
    }

    private static CompletableFuture<EntryId> publishPatiently(Topic topic) {
        return topic.publish(null, new byte[3000]).handle((id, why) -> {
            if (why == null) {
                return CompletableFuture.completedFuture(id);
            }
            assertThat(ShardFuture.causeOf(why)).isInstanceOf(RejectedExecutionException.class);
            return publishPatiently(topic);
        }).thenCompose(next -> next);
    }

    @Test
    void aFailedSyncRefusesPublishesByNameAndReadsGoOn() {
        for (long seed = 0; seed < 2; seed++) {
            Simulation.run(seed, sim -> {
                Run run = new Run(sim, "always");
                run.machine.disk().set(SLOW);
                Engine engine = start(run.machine, 1);
                Streams streams = run.open(engine);
                Topic topic = streams.topic(TOPIC);
                Set<EntryId> got = new HashSet<>();
                streams.consume(TOPIC, "g", BY_HAND, delivery -> got.add(delivery.id()));
                run.machine.disk().set(SLOW.withSyncErrors(0.05));
                Set<EntryId> published = new HashSet<>();
                Throwable failure = null;
                while (failure == null) {
                    try {
                        String value = "v" + run.values++;
                        run.tried.add(value);
                        EntryId id = sim.await(topic.publish(null, value.getBytes(UTF_8)), PATIENCE);
                        published.add(id);
                        run.acknowledged.put(value, id);
                    } catch (RuntimeException sealed) {
                        failure = causeOf(sealed);
                    }
                }
                assertThat(failure).isInstanceOf(LogSealedException.class);
                assertThat(topic.failure()).isNotNull();
                sim.until(() -> got.containsAll(published), PATIENCE);
                assertThatThrownBy(() -> sim.await(topic.publish(null, new byte[1]), PATIENCE))
                        .hasStackTraceContaining("is sealed");
                run.machine.crash();
                run.machine.disk().set(DiskFaults.NONE);
                Engine second = start(run.machine, 1);
                Streams again = run.open(second);
                run.audit(again, true, 1);
            });
        }
    }

    private static Throwable causeOf(Throwable failure) {
        @Nullable
        Throwable each = failure;
        while (each != null) {
            if (each instanceof LogSealedException) {
                return each;
            }
            each = each.getCause();
        }
        return failure instanceof CompletionException ? ShardFuture.causeOf(failure) : failure;
    }
}
