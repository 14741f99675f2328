package io.solaster.testkit.check;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * What a client knows of a call: the answer, or nothing. A call of unknown outcome may have taken effect at any time since
 * it was made, may do so later, or never.
 *
 * @param isKnown whether the client was answered
 * @param value the answer; null where there was none, and where null was the answer
 */
public record Outcome<O extends @Nullable Object>(boolean isKnown, @Nullable O value) {
    private static final Outcome<?> UNKNOWN = new Outcome<>(false, null);

    /** The client was answered. */
    public static <O extends @Nullable Object> Outcome<O> of(O answer) {
        return new Outcome<>(true, answer);
    }

    /** The connection broke, the call timed out, the client died. */
    @SuppressWarnings("unchecked")
    public static <O extends @Nullable Object> Outcome<O> unknown() {
        return (Outcome<O>) UNKNOWN;
    }

    /** Whether a system that answers so agrees with what the client knows. */
    public boolean allows(@Nullable Object answer) {
        return !isKnown || Objects.equals(value, answer);
    }

    @Override
    public String toString() {
        return isKnown ? String.valueOf(value) : "?";
    }
}
