package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.config.EngineConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class SimulationTest {
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);
    private static final int PORT = 7000;

    /** Three machines, of which two ask the third. */
    static void cluster(Simulation sim) {
        Machine server = sim.machine("server");
        Engine engine = server.start(TWO);
        // To the other shard, off the shards, and back.
        Lines.serve(server, PORT, (shard, line) -> engine.submitStageTo(1 - shard.id(), CallOptions.DEFAULTS,
                () -> engine.offload().call(() -> line + "!")));
        List<CompletableFuture<String>> answers = new ArrayList<>();
        for (String name : List.of("one", "other")) {
            Machine client = sim.machine(name);
            client.start(TWO);
            for (int shard = 0; shard < 2; shard++) {
                Lines.Client connection = sim.await(Lines.Client.connect(client, shard, server.address(PORT)));
                for (int i = 0; i < 5; i++) {
                    answers.add(connection.ask(name + i));
                }
            }
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(sim.await(answers.get(i))).isEqualTo((i < 10 ? "one" : "other") + i % 5 + "!");
        }
    }

    @Test
    void runsAServerAndItsClientsOnMachinesOfTheirOwn() {
        Simulation.Result result = Simulation.run(42, SimulationTest::cluster);
        assertThat(result.turns()).isPositive();
        assertThat(result.simulated()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(10));
    }

    @Test
    void theSameSeedGivesTheSameRunAndOthersGiveOthers() {
        sameAndOthers(40);
    }

    @Tag("full")
    @Test
    void andSoDoManySeeds() {
        sameAndOthers(200);
    }

    private static void sameAndOthers(int seeds) {
        Set<Long> hashes = new HashSet<>();
        for (long seed = 0; seed < seeds; seed++) {
            Simulation.Result result = Simulation.run(seed, SimulationTest::cluster);
            assertThat(Simulation.run(seed, SimulationTest::cluster)).isEqualTo(result);
            hashes.add(result.hash());
        }
        assertThat(hashes).hasSize(seeds);
    }

    @Test
    void timeGoesOnWhenAllSleep() {
        Simulation.run(1, sim -> {
            Machine machine = sim.machine("a");
            Engine engine = machine.start(TWO);
            Duration before = sim.now();
            CompletableFuture<Long> slept = new CompletableFuture<>();
            engine.shard(0).execute(() -> {
                long start = engine.environment().clock().nanoTime();
                Shard.sleep(Duration.ofDays(1))
                        .thenRun(() -> slept.complete(engine.environment().clock().nanoTime() - start));
            });
            assertThat(Duration.ofNanos(sim.await(slept, Duration.ofDays(2))))
                    .isBetween(Duration.ofDays(1), Duration.ofDays(1).plusSeconds(1));
            assertThat(sim.now().minus(before)).isGreaterThanOrEqualTo(Duration.ofDays(1));
        });
    }

    @Test
    void forksRunOnTheirShardsAndSleepByItsTimers() {
        Simulation.run(2, sim -> {
            Engine engine = sim.machine("a").start(TWO);
            List<String> order = new ArrayList<>();
            CompletableFuture<String> late = engine.shard(1).fork(() -> {
                Shard.sleep(Duration.ofSeconds(3)).join();
                order.add("late");
                return engine.offload().call(() -> "slept").join();
            }).future();
            CompletableFuture<Boolean> early = engine.shard(1).fork(() -> {
                Shard.sleep(Duration.ofSeconds(1)).join();
                return order.add("early");
            }).future();
            assertThat(sim.await(late)).isEqualTo("slept");
            assertThat(early).isCompleted();
            assertThat(order).containsExactly("early", "late");
        });
    }

    @Test
    void tellsAForkThatSleepsByTheJdkWhatToUse() {
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> Simulation.run(3, sim -> {
            Engine engine = sim.machine("a").start(TWO);
            engine.shard(0).fork(() -> {
                Thread.sleep(Duration.ofMillis(5));
                return null;
            });
            sim.sleep(Duration.ofSeconds(1));
        })).withMessageContaining("Shard.sleep").withMessageContaining("SimulationTest");
    }

    @Test
    void tellsTheSeedAndWhatHappenedLast() {
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> Simulation.run(99, sim -> {
            sim.machine("a").start(TWO);
            sim.note("so far so good");
            throw new IllegalStateException("broken");
        })).withMessageContaining("seed 99").withMessageContaining("broken").withMessageContaining("so far so good")
                .withMessageContaining("Simulation.run(99L");
    }

    @Test
    void tellsWhoWaitsWhereNothingWillEverHappen() {
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> Simulation.run(4, sim -> {
            sim.machine("a").start(TWO);
            sim.environment().threads().beforeWait(new CompletableFuture<>(), Long.MAX_VALUE);
        })).withMessageContaining("nothing will ever happen").withMessageContaining("test waits");
    }

    @Test
    void waitsOfTheEnginesFuturesLetOthersRun() {
        Simulation.run(5, sim -> {
            Engine engine = sim.machine("a").start(TWO);
            assertThat(engine.submitTo(1, () -> 7).join()).isEqualTo(7);
            assertThat(engine.submitToAll(Shard::id).join()).containsExactly(0, 1);
            assertThat(engine.offload().call(() -> "off").join()).isEqualTo("off");
            CompletableFuture<Integer> elsewhere = sim.thread("client", () -> engine.submitTo(0, () -> 8).join());
            assertThat(sim.await(elsewhere)).isEqualTo(8);
        });
    }

    @Test
    void aMachineThatCrashesRunsNoMoreAndStartsAnew() {
        Simulation.run(6, sim -> {
            Machine machine = sim.machine("a");
            Engine before = machine.start(TWO);
            List<Duration> beats = new ArrayList<>();
            before.shard(0).scheduleAtFixedRate(() -> beats.add(sim.now()), 1, 1, TimeUnit.SECONDS);
            sim.sleep(Duration.ofMillis(3_500));
            assertThat(beats).hasSize(3);
            machine.crash();
            sim.sleep(Duration.ofSeconds(10));
            assertThat(beats).hasSize(3);
            Engine after = machine.start(TWO);
            assertThat(after).isNotSameAs(before);
            assertThat(after.submitTo(0, () -> 1).join()).isEqualTo(1);
            assertThat(beats).hasSize(3);
        });
    }

    @Test
    void aFrozenMachineStandsStillAndGoesOn() {
        Simulation.run(7, sim -> {
            Machine machine = sim.machine("a");
            Engine engine = machine.start(TWO);
            machine.freeze();
            CompletableFuture<Integer> answer = engine.submitTo(0, () -> 1);
            sim.sleep(Duration.ofSeconds(5));
            assertThat(answer).isNotDone();
            machine.thaw();
            assertThat(sim.await(answer, Duration.ofSeconds(1))).isEqualTo(1);
        });
    }

    @Test
    void clocksJumpAndDrift() {
        Simulation.run(8, sim -> {
            Machine right = sim.machine("right");
            Machine wrong = sim.machine("wrong");
            right.start(TWO);
            wrong.start(TWO);
            Instant before = wrong.environment().wallClock().instant();
            wrong.jumpClock(Duration.ofHours(-1));
            assertThat(wrong.environment().wallClock().instant()).isBefore(before);
            wrong.drift(50_000);
            long rightStart = right.environment().clock().nanoTime();
            long wrongStart = wrong.environment().clock().nanoTime();
            sim.sleep(Duration.ofSeconds(100));
            long rightTook = right.environment().clock().nanoTime() - rightStart;
            long wrongTook = wrong.environment().clock().nanoTime() - wrongStart;
            assertThat(Duration.ofNanos(wrongTook - rightTook)).isBetween(Duration.ofMillis(4_990),
                    Duration.ofMillis(5_010));
        });
    }

    @Test
    void tellsOfAThreadThatIsNoneOfItsOwn() {
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> Simulation.run(10, false, sim -> {
            Engine engine = sim.machine("a").start(TWO);
            sim.sleep(Duration.ofSeconds(1));
            Thread stranger = Thread.ofPlatform().name("stranger").start(() -> engine.shard(0).execute(() -> {}));
            stranger.join();
            sim.sleep(Duration.ofSeconds(1));
        })).withMessageContaining("stranger").withMessageContaining("none of the simulation's");
    }

    @Test
    void whatAShardThrowsAtTheTestReachesIt() {
        AtomicReference<Thread> test = new AtomicReference<>();
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> Simulation.run(9, sim -> {
            test.set(Thread.currentThread());
            Engine engine = sim.machine("a").start(TWO);
            engine.shard(1).execute(() -> sim.fail(new AssertionError("seen on a shard")));
            sim.sleep(Duration.ofHours(1));
        })).withMessageContaining("seen on a shard");
        assertThat(test).hasValue(Thread.currentThread());
    }
}
