package io.solaster.store.command.algebra;

import io.solaster.store.command.collection.Floats;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/** What stands behind the sources of a command. */
final class AlgebraOptions {
    static final AlgebraOptions NONE = new AlgebraOptions(null, Aggregate.SUM, false, 0, null);

    private static final String NOT_A_WEIGHT = "ERR weight value is not a float";
    private static final String NEGATIVE_LIMIT = "ERR LIMIT can't be negative";

    /** What becomes of two scores of one member. */
    enum Aggregate {
        SUM, MIN, MAX;

        double of(double one, double other) {
            return switch (this) {
                // Both infinities together are nothing, as in Redis.
                case SUM -> number(one + other);
                case MIN -> other < one ? other : one;
                case MAX -> other > one ? other : one;
            };
        }
    }

    private final double @Nullable [] weights;
    private final Aggregate aggregate;
    private final boolean scores;
    private final long limit;
    private final @Nullable String error;

    private AlgebraOptions(double @Nullable [] weights, Aggregate aggregate, boolean scores, long limit,
            @Nullable String error) {
        this.weights = weights;
        this.aggregate = aggregate;
        this.scores = scores;
        this.limit = limit;
        this.error = error;
    }

    /** A score, or 0 for what is no number. */
    static double number(double score) {
        return Double.isNaN(score) ? 0 : score;
    }

    Aggregate aggregate() {
        return aggregate;
    }

    /** Whether scores are answered, too. */
    boolean scores() {
        return scores;
    }

    /** At how many members to stop counting; 0 for none. */
    long limit() {
        return limit;
    }

    /** Why they are none, in Redis's words; null if they are. */
    @Nullable
    String error() {
        return error;
    }

    /** What the scores of a source are multiplied by. */
    double weight(int source) {
        return weights == null ? 1 : weights[source];
    }

    private static AlgebraOptions wrong(String error) {
        return new AlgebraOptions(null, Aggregate.SUM, false, 0, error);
    }

    /**
     * Reads them.
     *
     * @param from the argument behind the last source
     * @param sources how many the command has
     */
    static AlgebraOptions read(CommandCall call, SetAlgebra command, int from, int sources) {
        double @Nullable [] weights = null;
        Aggregate aggregate = Aggregate.SUM;
        boolean scores = false;
        long limit = 0;
        boolean weighs = command.sorted() && !command.counts()
                && command.operation() != SetAlgebra.Operation.DIFFERENCE;
        for (int i = from; i < call.count(); i++) {
            int left = call.count() - i;
            if (weighs && left > sources && call.is(i, "weights")) {
                weights = new double[sources];
                for (int source = 0; source < sources; source++) {
                    double weight = Floats.parse(call, ++i);
                    if (Double.isNaN(weight)) {
                        return wrong(NOT_A_WEIGHT);
                    }
                    weights[source] = weight;
                }
            } else if (weighs && left >= 2 && call.is(i, "aggregate")) {
                i++;
                if (call.is(i, "sum")) {
                    aggregate = Aggregate.SUM;
                } else if (call.is(i, "min")) {
                    aggregate = Aggregate.MIN;
                } else if (call.is(i, "max")) {
                    aggregate = Aggregate.MAX;
                } else {
                    return wrong(Errors.SYNTAX);
                }
            } else if (command.sorted() && !command.stored() && !command.counts() && call.is(i, "withscores")) {
                scores = true;
            } else if (command.counts() && left >= 2 && call.is(i, "limit")) {
                i++;
                if (!call.isInteger(i) || call.integer() < 0) {
                    return wrong(NEGATIVE_LIMIT);
                }
                limit = call.integer();
            } else {
                return wrong(Errors.SYNTAX);
            }
        }
        return new AlgebraOptions(weights, aggregate, scores, limit, null);
    }
}
