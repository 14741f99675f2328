package io.solaster.testkit.check;

import java.util.ArrayList;
import java.util.List;

/** Tries every order. */
final class BruteForce {
    private BruteForce() {}

    static <S, I, O> boolean isLinearizable(Model<S, I, O> model, List<Operation<I, O>> calls) {
        return explains(model, model.initial(), calls);
    }

    static <S, I, O> boolean explains(Model<S, I, O> model, S state, List<Operation<I, O>> left) {
        if (left.stream().noneMatch(call -> call.outcome().isKnown())) {
            return true;
        }
        for (Operation<I, O> first : left) {
            if (left.stream().allMatch(other -> other == first || other.returned() >= first.called())) {
                List<Operation<I, O>> rest = new ArrayList<>(left);
                rest.remove(first);
                for (S next : model.next(state, first.input(), first.outcome())) {
                    if (explains(model, next, rest)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
