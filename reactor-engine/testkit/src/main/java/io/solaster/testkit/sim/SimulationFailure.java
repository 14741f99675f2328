package io.solaster.testkit.sim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A simulation has failed; says with which seed and by which faults, what happened last, and how to see it again. */
public final class SimulationFailure extends AssertionError {
    private static final long serialVersionUID = 1;

    private final transient Simulation.Result result;
    private final transient Map<Integer, String> faults;

    /** @param faults the faults of the run, by number */
    SimulationFailure(Simulation.Result result, boolean chance, Throwable cause, List<String> last, String stood,
            Map<Integer, String> faults) {
        super(text(result, chance, cause, last, stood, faults), cause);
        this.result = result;
        this.faults = new TreeMap<>(faults);
    }

    private static String text(Simulation.Result result, boolean chance, Throwable cause, List<String> last,
            String stood, Map<Integer, String> faults) {
        String numbers = faults.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
        return "seed " + result.seed() + " fails after " + result.simulated() + " and " + result.turns() + " turns: "
                + cause + "\nFaults:" + (faults.isEmpty() ? " none" : "")
                + faults.entrySet().stream().map(each -> "\n  " + each.getKey() + ": " + each.getValue())
                        .collect(Collectors.joining())
                + "\nThe last that happened:\n  " + String.join("\n  ", last) + "\nThreads:" + stood
                + "\nTo see it again, with the trace " + Long.toHexString(result.hash()) + ":\n"
                + "    @Test\n    void seed" + Long.toUnsignedString(result.seed()) + "() {\n        "
                + (faults.isEmpty()
                        ? "Simulation.run(" + result.seed() + "L, " + chance
                        : "Simulation.replay(" + result.seed() + "L, " + chance + ", Set.of(" + numbers + ")")
                + ", sim -> { /* as here */ });\n    }\n";
    }

    /** What came of it up to there. */
    public Simulation.Result result() {
        return result;
    }

    Map<Integer, String> faults() {
        return faults;
    }

    /** Whether another is the same failure, but for figures. */
    boolean isLike(SimulationFailure other) {
        return kind().equals(other.kind());
    }

    private String kind() {
        Throwable cause = Objects.requireNonNull(getCause());
        StackTraceElement[] stack = cause.getStackTrace();
        return cause.getClass().getName() + (stack.length == 0 ? "" : stack[0].toString());
    }
}
