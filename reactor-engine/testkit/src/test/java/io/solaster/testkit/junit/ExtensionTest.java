package io.solaster.testkit.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.SimulationFailure;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** How engines live with JUnit's life cycles, and what failures tell. */
class ExtensionTest {
    private static final Set<Engine> SEEN = ConcurrentHashMap.newKeySet();
    private static volatile CountDownLatch together = new CountDownLatch(0);

    @BeforeEach
    void clear() {
        SEEN.clear();
    }

    @SolasterTest(transport = SolasterTest.Transport.NIO)
    static class PerTest {
        @Test
        void one(Engine engine) {
            SEEN.add(engine);
        }

        @Test
        void two(Engine engine) {
            SEEN.add(engine);
        }

        @Test
        void none() {}
    }

    @Test
    void eachTestHasAnEngineWhichStopsWithIt() {
        assertThat(Runs.failuresOf(PerTest.class)).isEmpty();
        assertThat(SEEN).hasSize(2).allMatch(Engine::isStopping);
    }

    @SolasterTest
    @TestInstance(Lifecycle.PER_CLASS)
    static class PerClass {
        @BeforeAll
        void before(Engine engine) {
            SEEN.add(engine);
        }

        @Test
        void one(Engine engine) {
            SEEN.add(engine);
        }

        @Nested
        class Within {
            @Test
            void two(Engine engine) {
                SEEN.add(engine);
            }
        }
    }

    @Test
    void aClassWithOneInstanceHasOneEngine() {
        assertThat(Runs.failuresOf(PerClass.class)).isEmpty();
        assertThat(SEEN).singleElement().matches(Engine::isStopping);
    }

    @SolasterTest
    @Execution(ExecutionMode.CONCURRENT)
    static class AtTheSameTime {
        private void meet(Engine engine) throws InterruptedException {
            SEEN.add(engine);
            together.countDown();
            assertThat(together.await(60, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        @OnShard
        void one(Engine engine) throws InterruptedException {
            meet(engine);
        }

        @Test
        @OnShard(1)
        void two(Engine engine) throws InterruptedException {
            meet(engine);
        }
    }

    @Test
    void testsAtTheSameTimeShareNothing() {
        together = new CountDownLatch(2);
        assertThat(Runs.failuresOf(AtTheSameTime.class, Map.of("junit.jupiter.execution.parallel.enabled",
                "true", "junit.jupiter.execution.parallel.config.strategy", "fixed",
                "junit.jupiter.execution.parallel.config.fixed.parallelism", "2"))).isEmpty();
        assertThat(SEEN).hasSize(2);
    }

    @SolasterTest(shards = 3, config = OfGroups.class)
    static class Configured {
        @Test
        void has(Engine engine, @OnShard(2) Shard third) {
            assertThat(third.id()).isEqualTo(2);
            assertThat(engine.config().taskQuota().toMillis()).isEqualTo(3);
        }
    }

    static final class OfGroups implements UnaryOperator<EngineConfig> {
        @Override
        public EngineConfig apply(EngineConfig all) {
            return new EngineConfig(all.shards(), all.smt(), all.pinning(), all.housekeeping(), all.transport(),
                    all.idle(), Duration.ofMillis(3), all.mesh(), all.offload(), all.files(), all.memory(),
                    all.checks(),
                    all.shutdownTimeout(), all.groups(), all.stalls());
        }
    }

    @Test
    void anEngineIsConfigured() {
        assertThat(Runs.failuresOf(Configured.class)).isEmpty();
    }

    @SolasterTest(seed = 7)
    static class Failing {
        @Test
        @OnShard(1)
        void fails(Shard mine) {
            throw new AssertionError("planted");
        }

        @Test
        @OnShard
        @Timeout(value = 2, unit = TimeUnit.SECONDS)
        void hangs() throws InterruptedException {
            new CountDownLatch(1).await();
        }

        @Test
        void asksForAShardThatIsNotThere(@OnShard(5) Shard shard) {}

        @Test
        void failsWithin(Simulation sim) {
            sim.sleep(Duration.ofHours(1));
            throw new AssertionError("planted in a simulation");
        }

        @Test
        void isAbortedWithin(Simulation sim) {
            Assumptions.abort(sim.machines().toString());
        }

        @Test
        void asksForAClockThatIsNotThere(ManualClock clock) {}
    }

    private static Throwable failure(String method, Class<?>... parameters) {
        List<Throwable> failures = Runs.failuresOf(Failing.class, method, parameters);
        assertThat(failures).hasSize(1);
        return failures.getFirst();
    }

    @Test
    void aFailureTellsSeedAndDeedsAndWhereTheShardsAre() {
        Throwable failure = failure("fails", Shard.class);
        assertThat(failure).isInstanceOf(AssertionError.class).hasMessage("planted");
        assertThat(failure.getSuppressed()).singleElement().satisfies(report -> assertThat(report)
                .hasMessageContaining("seed 7; again with -Dsolaster.testkit.seed=7")
                .hasMessageContaining("fork on shard 1").hasMessageContaining("\nshard 0: 'solaster")
                .hasMessageContaining("\nshard 1: 'solaster"));
    }

    @Test
    void aFailureWithinASimulationTellsItsSeed() {
        assertThat(failure("failsWithin", Simulation.class)).isInstanceOf(SimulationFailure.class)
                .hasMessageContaining("seed 7 fails after PT1H").hasRootCauseMessage("planted in a simulation");
        assertThat(Runs.failuresOf(Failing.class, "isAbortedWithin", Simulation.class)).isEmpty();
    }

    @Test
    void aTestThatHangsOnAShardIsToldWhere() {
        Throwable failure = failure("hangs");
        assertThat(failure).isInstanceOf(TimeoutException.class);
        assertThat(failure.getSuppressed()).anySatisfy(told -> assertThat(told)
                .isInstanceOf(InterruptedException.class).hasMessageContaining("under way on shard 0")
                .hasStackTraceContaining("ExtensionTest$Failing.hangs"));
    }

    @Test
    void whatIsNotThereIsRefusedByName() {
        assertThat(failure("asksForAShardThatIsNotThere", Shard.class)).rootCause()
                .hasMessageContaining("@OnShard(5): the engine has 2 shards");
        assertThat(failure("asksForAClockThatIsNotThere", ManualClock.class)).rootCause()
                .hasMessageContaining("clock = SolasterTest.Clock.MANUAL");
    }

    @SolasterTest
    static class TooEarly {
        @BeforeAll
        static void before(Engine engine) {}

        @Test
        void test() {}
    }

    @Test
    void anEngineBeforeAllNeedsOneInstance() {
        assertThat(Runs.failuresOf(TooEarly.class)).singleElement().satisfies(
                failure -> assertThat(failure).hasMessageContaining("@TestInstance(PER_CLASS)"));
    }

    @SolasterTest(transport = SolasterTest.Transport.ALL)
    static class OnAll {
        @Test
        void test(Engine engine) {
            SEEN.add(engine);
        }
    }

    @Test
    void aClassRunsOnceForEachTransport() {
        assertThat(Runs.failuresOf(OnAll.class)).isEmpty();
        assertThat(SEEN).extracting(engine -> engine.transport().kind()).doesNotHaveDuplicates()
                .contains(EngineConfig.Transport.NIO).doesNotContain(EngineConfig.Transport.AUTO);
    }
}
