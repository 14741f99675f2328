package io.solaster.testkit.gen;

/** A property does not hold. The message tells what was drawn, the cause what came of that. */
public final class PropertyFailure extends AssertionError {
    private static final long serialVersionUID = 1;

    PropertyFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
