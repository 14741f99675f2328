package io.solaster.testkit.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * Simulations with seeds that nobody has tried yet, for as long as the build gives them. System properties tell:
 *
 * <ul>
 * <li>{@code solaster.simulation.time}: how long all tests of a build that explore may take together, such as {@code PT5M}; five
 * seconds unless it is set
 * <li>{@code solaster.simulation.seed}: one seed instead, to see a failure again
 * <li>{@code solaster.simulation.report}: a file that is added a line to for each exploration; none unless it is set
 * </ul>
 *
 * On a test's thread.
 */
public final class NewSeeds {
    private static final String TIME = "solaster.simulation.time";
    private static final String SEED = "solaster.simulation.seed";
    private static final String REPORT = "solaster.simulation.report";

    private NewSeeds() {}

    /**
     * Runs a simulation with one new seed after the other, with one at least.
     *
     * @param name what is simulated, for the report
     * @param share of the time, above 0 and at most 1
     * @throws AssertionError for the first seed that fails, with the property that repeats it
     */
    public static Simulation.Explored explore(String name, double share, Simulation.Body body) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("a share of " + share + "; give more than 0, and 1 at most");
        }
        Long wanted = Long.getLong(SEED);
        Duration time = wanted == null ? time(share) : Duration.ZERO;
        try {
            long first = wanted == null ? new SplittableRandom().nextLong() : wanted;
            Simulation.Explored explored = Simulation.explore(first, time, body);
            report(name + ": " + explored.seeds() + " new seeds, " + explored.simulated().toSeconds()
                    + " simulated seconds in " + time.toMillis() / 1_000.0 + " s");
            return explored;
        } catch (SimulationFailure failure) {
            throw new AssertionError("simulation of " + name + ", again with -D" + SEED + "=" + failure.result().seed()
                    + ": " + failure.getMessage(), failure);
        }
    }

    private static Duration time(double share) {
        Duration all = Duration.parse(System.getProperty(TIME, "PT5S"));
        return Duration.ofNanos((long) (all.toNanos() * share));
    }

    private static void report(String line) {
        String file = System.getProperty(REPORT);
        if (file != null) {
            try {
                Files.writeString(Path.of(file), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException("-D" + REPORT + "=" + file + " cannot be written to; name another", e);
            }
        }
    }
}
