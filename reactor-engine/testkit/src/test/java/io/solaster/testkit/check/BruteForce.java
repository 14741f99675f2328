package io.solaster.testkit.check;

import java.util.List;

/** Tries every order. */
final class BruteForce<S, I, O> {
    private final Model<S, I, O> model;
    private final List<Operation<I, O>> calls;
    /** By call, those that ended before it was made, one bit each. */
    private final long[] before;
    private long answered;

    private BruteForce(Model<S, I, O> model, List<Operation<I, O>> calls) {
        this.model = model;
        this.calls = calls;
        before = new long[calls.size()];
        for (int i = 0; i < before.length; i++) {
            if (calls.get(i).outcome().isKnown()) {
                answered |= 1L << i;
            }
            for (int j = 0; j < before.length; j++) {
                if (calls.get(j).returned() < calls.get(i).called()) {
                    before[i] |= 1L << j;
                }
            }
        }
    }

    static <S, I, O> boolean isLinearizable(Model<S, I, O> model, List<Operation<I, O>> calls) {
        return explains(model, model.initial(), calls);
    }

    static <S, I, O> boolean explains(Model<S, I, O> model, S state, List<Operation<I, O>> calls) {
        return new BruteForce<>(model, calls).explains(state, 0);
    }

    private boolean explains(S state, long placed) {
        if ((answered & ~placed) == 0) {
            return true;
        }
        for (int i = 0; i < before.length; i++) {
            if ((placed & 1L << i) == 0 && (before[i] & ~placed) == 0) {
                Operation<I, O> call = calls.get(i);
                for (S next : model.next(state, call.input(), call.outcome())) {
                    if (explains(next, placed | 1L << i)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
