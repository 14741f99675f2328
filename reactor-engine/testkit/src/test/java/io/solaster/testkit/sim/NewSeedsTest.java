package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Seeds that nobody has tried yet; for longer by {@code -Dsolaster.simulation.time=PT5M}. */
final class NewSeedsTest {
    private static final List<String> PROPERTIES = List.of("solaster.simulation.time", "solaster.simulation.seed",
            "solaster.simulation.report");
    /** Half of what the build gives; servers have the rest. */
    private static final double SHARE = 0.5;

    private final Map<String, String> before = new LinkedHashMap<>();

    private void set(String property, String value) {
        before.putIfAbsent(property, System.getProperty(property, ""));
        System.setProperty(property, value);
    }

    @AfterEach
    void setBack() {
        before.forEach((property, value) -> {
            if (value.isEmpty()) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, value);
            }
        });
    }

    @Test
    void ofTheEngineHoldToo() {
        Map<String, Simulation.Body> bodies = new LinkedHashMap<>();
        bodies.put("cluster", SimulationTest::cluster);
        bodies.put("messages", EngineSimulationTest::messages);
        bodies.put("calls", EngineSimulationTest::calls);
        bodies.put("counter under faults", FaultScheduleTest::counter);
        bodies.put("cluster under faults", TwoJvmsTest::second);
        bodies.forEach((name, body) -> NewSeeds.explore(name, SHARE / bodies.size(), body));
    }

    @Test
    void takeAShareOfTheTimeAndAreReported(@TempDir Path directory) throws Exception {
        Path report = directory.resolve("report");
        set(PROPERTIES.get(0), "PT0.2S");
        set(PROPERTIES.get(1), "");
        set(PROPERTIES.get(2), report.toString());
        List<Long> seeds = new ArrayList<>();
        Simulation.Explored explored = NewSeeds.explore("nothing", 0.5, sim -> {
            seeds.add(sim.seed());
            sim.sleep(Duration.ofSeconds(2));
        });
        NewSeeds.explore("something", 0.1, sim -> {});
        assertThat(seeds).hasSize(explored.seeds()).doesNotHaveDuplicates();
        // What each takes beside that adds up where a fast machine tries many.
        long seconds = explored.simulated().toSeconds();
        assertThat(seconds).isBetween(2L * explored.seeds(), 3L * explored.seeds());
        assertThat(Files.readAllLines(report)).hasSize(2).first().isEqualTo("nothing: " + explored.seeds()
                + " new seeds, " + seconds + " simulated seconds in 0.1 s");
    }

    @Test
    void thatFailAreToldWithWhatRepeatsThem() {
        List<Long> seeds = new ArrayList<>();
        Simulation.Body fails = sim -> {
            seeds.add(sim.seed());
            throw new IllegalStateException("broken");
        };
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> NewSeeds.explore("it", 1, fails))
                .withMessageContaining("broken")
                .withMessageContaining("again with -Dsolaster.simulation.seed=" + seeds.getFirst() + ":");
        set(PROPERTIES.get(1), "42");
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> NewSeeds.explore("it", 1, fails));
        assertThat(seeds).hasSize(2).last().isEqualTo(42L);
    }

    @Test
    void takeAPartOfTheTime() {
        assertThatIllegalArgumentException().isThrownBy(() -> NewSeeds.explore("it", 0, sim -> {}));
        assertThatIllegalArgumentException().isThrownBy(() -> NewSeeds.explore("it", 1.1, sim -> {}));
    }
}
