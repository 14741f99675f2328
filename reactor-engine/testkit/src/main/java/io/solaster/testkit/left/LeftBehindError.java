package io.solaster.testkit.left;

import java.util.List;
import java.util.stream.Collectors;

/** A test has left something behind. */
public final class LeftBehindError extends AssertionError {
    private static final long serialVersionUID = 1;

    private final transient List<Remnant> remnants;

    /**
     * @param who the test, or the tests that ran beside each other
     * @param remnants what was left
     * @param report what else there is to know; may be empty
     */
    public LeftBehindError(String who, List<Remnant> remnants, String report) {
        super(who + " left behind:"
                + remnants.stream().map(each -> "\n\t" + each).collect(Collectors.joining())
                + (report.isEmpty() ? "" : "\n" + report));
        this.remnants = List.copyOf(remnants);
    }

    /** What was left. */
    public List<Remnant> remnants() {
        return remnants;
    }
}
