package io.solaster.testkit.check;

import java.util.List;
import java.util.function.BiFunction;

import org.jspecify.annotations.Nullable;

/**
 * What a correct system does, one call after the other: the specification that a history is held against.
 *
 * @param <S> its states: immutable, with {@code equals} and {@code hashCode} by content
 * @param <I> what may be asked
 * @param <O> what is answered
 */
public interface Model<S, I, O extends @Nullable Object> {

    /** The state before the first call. */
    S initial();

    /**
     * The states that a call may lead to: none if the system cannot have answered so, several if the system chooses.
     */
    List<S> next(S state, I input, Outcome<O> outcome);

    /** What a call is about. Calls about different things do not touch each other, and are checked apart. */
    default Object partition(I input) {
        return "";
    }

    /** Whether a call never changes a state. */
    default boolean isRead(I input) {
        return false;
    }

    /**
     * A state and an answer.
     *
     * @param state the state after a call
     * @param answer what is answered
     */
    record Step<S, O extends @Nullable Object>(S state, @Nullable O answer) {}

    /**
     * A model of a system that chooses nothing.
     *
     * {@snippet :
     * Model<Long, Long, Long> counter = Model.of(0L, (count, add) -> new Model.Step<>(count + add, count + add));
     * }
     *
     * @param step what a call leads to, and is answered
     */
    static <S, I, O extends @Nullable Object> Model<S, I, O> of(S initial, BiFunction<S, I, Step<S, O>> step) {
        return new Model<>() {
            @Override
            public S initial() {
                return initial;
            }

            @Override
            public List<S> next(S state, I input, Outcome<O> outcome) {
                Step<S, O> next = step.apply(state, input);
                return outcome.allows(next.answer()) ? List.of(next.state()) : List.of();
            }
        };
    }
}
