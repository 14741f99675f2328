package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.solaster.testkit.chaos.Chaos;
import org.jspecify.annotations.Nullable;

/** The faults of one run, numbered as they were drawn. By whoever holds the baton. */
final class FaultSchedule {
    private final Simulation simulation;
    private final @Nullable Set<Integer> only;
    private final Map<Integer, String> taken = new TreeMap<>();
    private int drawn;

    /** @param only the numbers of those that happen; null for all */
    FaultSchedule(Simulation simulation, @Nullable Set<Integer> only) {
        this.simulation = simulation;
        this.only = only;
    }

    void draw(Chaos chaos, Duration time) {
        Map<String, Integer> last = new HashMap<>();
        for (Chaos.Step step : chaos.steps(time)) {
            if (step.begins()) {
                last.put(step.fault(), drawn++);
            }
            int number = last.getOrDefault(step.fault(), -1);
            if (only == null || only.contains(number)) {
                taken.merge(number, step.toString(), (begin, end) -> begin + ", " + end);
                simulation.after(step.at(), () -> {
                    simulation
                            .note("fault " + number + ": " + step.fault() + (step.begins() ? " begins" : " is healed"));
                    chaos.take(step);
                });
            }
        }
    }

    /** Those that happen in this run, by number. */
    Map<Integer, String> taken() {
        return taken;
    }
}
