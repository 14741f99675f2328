package io.solaster.testkit.sim;

import java.util.List;

/** A simulation has failed; says with which seed, and what happened last. */
public final class SimulationFailure extends AssertionError {
    private static final long serialVersionUID = 1;

    private final transient Simulation.Result result;

    SimulationFailure(Simulation.Result result, Throwable cause, List<String> last, String stood) {
        super(text(result, cause, last, stood), cause);
        this.result = result;
    }

    private static String text(Simulation.Result result, Throwable cause, List<String> last, String stood) {
        return "seed " + result.seed() + " fails after " + result.simulated() + " and " + result.turns() + " turns: "
                + cause + "\nTo see it again: Simulation.run(" + result.seed()
                + "L, sim -> { ... }), which has the trace "
                + Long.toHexString(result.hash()) + "\nThe last that happened:\n  " + String.join("\n  ", last)
                + "\nThreads:" + stood;
    }

    /** What came of it up to there. */
    public Simulation.Result result() {
        return result;
    }
}
