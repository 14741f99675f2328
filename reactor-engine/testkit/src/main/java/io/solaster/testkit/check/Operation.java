package io.solaster.testkit.check;

import org.jspecify.annotations.Nullable;

/**
 * One call of a client.
 *
 * @param client the client's name
 * @param input what was asked
 * @param outcome what was answered
 * @param called when it was made, by the history's clock
 * @param returned when the answer came, by the same clock; {@link #NEVER} if none came
 */
public record Operation<I, O extends @Nullable Object>(String client, I input, Outcome<O> outcome, long called,
        long returned) {
    /** When an answer came that did not come. */
    public static final long NEVER = Long.MAX_VALUE;

    public Operation {
        if (returned < called) {
            throw new IllegalArgumentException(client + " was answered at " + returned + ", before it called " + input
                    + " at " + called + "; record calls and answers by one clock");
        }
        if (outcome.isKnown() == (returned == NEVER)) {
            throw new IllegalArgumentException(client + "'s call " + input + " has the outcome " + outcome
                    + " and an answer at " + (returned == NEVER ? "no time" : returned)
                    + "; an answer that is known came at some time, one that is not never did");
        }
    }

    /** The same call, of which the client knows nothing. */
    Operation<I, O> forgotten() {
        return new Operation<>(client, input, Outcome.unknown(), called, NEVER);
    }

    @Override
    public String toString() {
        return client + ": " + input + " -> " + outcome;
    }
}
