package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.mesh.Message;
import org.junit.jupiter.api.Test;

/** The engine's own promises, in orders that are drawn: with lanes of two messages, quotas of a microsecond, and the like. */
final class EngineSimulationTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 100);
    private static final int SHARDS = 3;
    private static final int MESSAGES = 40;
    private static final EngineConfig THREE = EngineConfig.defaults().withShards(SHARDS);

    private static final class Numbered extends Message {
        private final List<Integer> seen;
        private final int number;

        Numbered(List<Integer> seen, int number) {
            this.seen = seen;
            this.number = number;
        }

        @Override
        public void deliver() {
            seen.add(number);
        }
    }

    /** Each shard sends to each other one, a few at a time and between sleeps. */
    static void messages(Simulation sim) {
        Engine engine = sim.machine("a").start(THREE);
        List<List<Integer>> lanes = new ArrayList<>();
        for (int from = 0; from < SHARDS; from++) {
            for (int to = 0; to < SHARDS; to++) {
                List<Integer> seen = new ArrayList<>();
                lanes.add(seen);
                int target = to;
                engine.shard(from).fork(() -> {
                    Shard self = Shard.current();
                    for (int i = 0; i < MESSAGES; i++) {
                        while (!self.mesh().isWritable(target)) {
                            CompletableFuture<Void> room = new CompletableFuture<>();
                            self.mesh().whenWritable(target, () -> room.complete(null));
                            room.join();
                        }
                        self.mesh().send(target, new Numbered(seen, i));
                        if (self.environment().random().nextInt(4) == 0) {
                            Shard.sleep(Duration.ofNanos(self.environment().random().nextInt(100_000))).join();
                        }
                    }
                });
            }
        }
        sim.until(() -> lanes.stream().allMatch(seen -> seen.size() >= MESSAGES), Duration.ofSeconds(10));
        lanes.forEach(seen -> assertThat(seen).isSorted().doesNotHaveDuplicates().hasSize(MESSAGES));
    }

    @Test
    void messagesArriveOnceAndInOrder() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.run(seed, EngineSimulationTest::messages);
        }
    }

    /** Threads off the shards hand over, shards call each other, and every call is answered. */
    static void calls(Simulation sim) {
        Engine engine = sim.machine("a").start(THREE);
        List<CompletableFuture<Integer>> answers = new ArrayList<>();
        for (int client = 0; client < 2; client++) {
            int number = client;
            answers.add(sim.thread("client " + number, () -> {
                int sum = 0;
                for (int i = 0; i < MESSAGES; i++) {
                    int target = (number + i) % SHARDS;
                    sum += engine.submitTo(target, () -> 1).join();
                    ShardFuture<Integer> around = engine.shard(target)
                            .fork(() -> engine.submitTo((target + 1) % SHARDS, () -> 1).join()).future();
                    sum += around.join();
                    if (i % 8 == 0) {
                        sim.sleep(Duration.ofNanos(sim.random().nextInt(200_000)));
                    }
                }
                return sum;
            }));
        }
        for (CompletableFuture<Integer> answer : answers) {
            assertThat(sim.await(answer, Duration.ofMinutes(1))).isEqualTo(2 * MESSAGES);
        }
    }

    @Test
    void everyCallIsAnswered() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.run(seed, EngineSimulationTest::calls);
        }
    }

    @Test
    void whatWasSyncedSurvivesACrash() {
        boolean[] lost = new boolean[1];
        for (long seed = 0; seed < 20; seed++) {
            Simulation.run(seed, sim -> {
                Machine machine = sim.machine("a");
                Path path = Path.of("/log");
                machine.start(THREE).shard(1).fork(() -> {
                    var file = Shard.current().files().open(path, OpenMode.CREATE).join();
                    file.write(Unpooled.copiedBuffer(new byte[]{1, 2, 3}), 0).join();
                    file.sync().join();
                    Shard.current().files().syncDirectory(Path.of("/")).join();
                    file.write(Unpooled.copiedBuffer(new byte[]{4, 5, 6}), 3).join();
                    return null;
                }).future().join();
                machine.crash();
                long size = machine.start(THREE).shard(0)
                        .fork(() -> Shard.current().files().open(path, OpenMode.READ).join().size().join()).future()
                        .join();
                assertThat(size).isBetween(3L, 6L);
                lost[0] |= size < 6;
            });
        }
        assertThat(lost[0]).isTrue();
    }

    /** A task that gives its shard the next, until something is over. */
    private static void again(Shard shard, BooleanSupplier over) {
        TimeSource clock = shard.environment().clock();
        long end = clock.nanoTime() + 1_000;
        while (clock.nanoTime() < end) {
            Thread.onSpinWait();
        }
        if (!over.getAsBoolean()) {
            shard.execute(() -> again(shard, over));
        }
    }

    private static void timers(Shard shard, long nanos, LongConsumer late) {
        long due = shard.environment().clock().nanoTime() + nanos;
        shard.schedule(() -> {
            late.accept(shard.environment().clock().nanoTime() - due);
            timers(shard, nanos, late);
        }, nanos, TimeUnit.NANOSECONDS);
    }

    /** On a shard alone, since simulated shards wait for each other; without limits that are drawn small. */
    @Test
    void aDueTimerWaitsForTwoTaskQuotasAtMostWhateverTheShardGivesItself() {
        Duration quota = THREE.taskQuota();
        for (int chains : new int[]{1, 10, 100}) {
            for (long seed = 0; seed < 3; seed++) {
                List<Long> late = new ArrayList<>();
                Simulation.run(seed, false, sim -> {
                    Shard shard = sim.machine("a").start(THREE.withShards(1)).shard(0);
                    shard.execute(() -> {
                        for (int i = 0; i < chains; i++) {
                            again(shard, () -> late.size() >= 50);
                        }
                        timers(shard, 1_000_000, late::add);
                    });
                    sim.until(() -> late.size() >= 50, Duration.ofSeconds(1));
                });
                assertThat(late).allMatch(nanos -> nanos < 2 * quota.toNanos());
            }
        }
    }
}
