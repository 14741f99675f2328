package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

/** Seeds that nobody has tried yet; for longer by {@code -Dsolaster.simulation.time=PT5M}. */
final class NewSeedsTest {
    private static final Duration TIME = Duration.parse(System.getProperty("solaster.simulation.time", "PT3S"));

    @Test
    void holdToo() {
        List<Simulation.Body> bodies = List.of(SimulationTest::cluster, EngineSimulationTest::messages,
                EngineSimulationTest::calls, FaultScheduleTest::counter);
        int count = 0;
        for (Simulation.Body body : bodies) {
            count += Simulation.explore(System.nanoTime(), TIME.dividedBy(bodies.size()), body);
        }
        System.out.println("Simulated " + count + " new seeds in " + TIME);
        assertThat(count).isGreaterThanOrEqualTo(bodies.size());
    }
}
