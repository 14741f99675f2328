package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.netty.channel.ConnectTimeoutException;
import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.Test;

final class FaultScheduleTest {
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);
    private static final Duration TIME = Duration.ofSeconds(20);
    private static final int PORT = 7000;

    /** Counts up by one on each line; a client that connects anew after each failure sees no number twice. */
    static void counter(Simulation sim) {
        Machine server = sim.machine("server");
        Machine client = sim.machine("client");
        Engine engine = server.start(TWO);
        client.start(TWO);
        int[] count = new int[1];
        Lines.serve(server, PORT, (shard, line) -> engine.submitTo(0, () -> Integer.toString(++count[0])));
        sim.faults(TIME, sim::usualFaults);
        sim.after(TIME.dividedBy(2), () -> sim.network().reset(client, server));
        List<Integer> seen = new ArrayList<>();
        Lines.Client connection = null;
        while (sim.now().compareTo(TIME) < 0 || seen.size() < 10) {
            try {
                if (connection == null) {
                    connection = sim.await(Lines.Client.connect(client, 1, server.address(PORT)));
                }
                seen.add(Integer.parseInt(sim.await(connection.ask("next"))));
                sim.sleep(Duration.ofMillis(50));
            } catch (CompletionException broken) {
                connection = null;
                assertThat(broken.getCause()).isInstanceOfAny(IllegalStateException.class,
                        ConnectTimeoutException.class);
            }
        }
        assertThat(seen).isSorted().doesNotHaveDuplicates();
        assertThat(seen.getLast()).isLessThanOrEqualTo(count[0]);
    }

    @Test
    void aServiceGoesOnAfterAllFaults() {
        for (long seed = 0; seed < 20; seed++) {
            Simulation.Result result = Simulation.run(seed, FaultScheduleTest::counter);
            assertThat(Simulation.run(seed, FaultScheduleTest::counter)).isEqualTo(result);
        }
    }

    @Test
    void aFreezeSparesAMachineThatIsStarting() {
        for (long seed = 0; seed < 5; seed++) {
            Simulation.run(seed, sim -> {
                Machine machine = sim.machine("machine");
                CompletableFuture<Engine> starting = sim.thread("starts", () -> machine.start(TWO));
                while (!starting.isDone()) {
                    machine.freezeIfUp();
                    machine.thaw();
                    sim.sleep(Duration.ofNanos(1));
                }
                assertThat(sim.await(starting).shards()).hasSize(2);
            });
        }
    }

    /** Fails where two faults last at once: neither is enough. */
    private static void fragile(Simulation sim) {
        boolean[] is = new boolean[2];
        sim.faults(Duration.ofSeconds(20), chaos -> chaos
                .fault("one", () -> is[0] = true, () -> is[0] = false)
                .fault("other", () -> is[1] = true, () -> is[1] = false)
                .fault("harmless", () -> {}, () -> {}).fault("innocent", () -> {}, () -> {}));
        for (int i = 0; i < 2_000; i++) {
            if (is[0] && is[1]) {
                throw new IllegalStateException("both at once");
            }
            sim.sleep(Duration.ofMillis(10));
        }
    }

    @Test
    void leavesOutTheFaultsThatAreNotToBlame() {
        SimulationFailure failure = null;
        long seed = 0;
        while (failure == null && seed < 100) {
            long next = seed++;
            failure = catchThrowableOfType(SimulationFailure.class,
                    () -> Simulation.run(next, FaultScheduleTest::fragile));
        }
        assertThat(failure).isNotNull();
        assertThat(failure.faults()).hasSize(2);
        assertThat(failure.faults().values()).anyMatch(fault -> fault.contains(": one begins"))
                .anyMatch(fault -> fault.contains(": other begins"));
        assertThat(failure).hasMessageContaining("both at once").hasMessageContaining("@Test")
                .hasMessageContaining("Simulation.replay(" + (seed - 1) + "L, true, Set.of(");
        Set<Integer> toBlame = failure.faults().keySet();
        long failed = seed - 1;
        assertThat(catchThrowableOfType(SimulationFailure.class,
                () -> Simulation.replay(failed, true, toBlame, FaultScheduleTest::fragile)))
                .hasMessageContaining("both at once");
        Simulation.replay(failed, true, Set.of(), FaultScheduleTest::fragile);
    }

    @Test
    void exploresSeedsForAWhile() {
        CompletableFuture<Long> last = new CompletableFuture<>();
        Simulation.Explored explored = Simulation.explore(7, Duration.ofMillis(1), sim -> {
            assertThat(sim.seed()).isGreaterThanOrEqualTo(7);
            Engine engine = sim.machine("a").start(TWO);
            last.complete(engine.submitTo(0, () -> (long) Shard.current().id()).join());
        });
        assertThat(explored.seeds()).isPositive();
        assertThat(explored.simulated()).isPositive();
        assertThat(last).isCompletedWithValue(0L);
    }
}
