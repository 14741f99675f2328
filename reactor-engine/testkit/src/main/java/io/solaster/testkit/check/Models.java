package io.solaster.testkit.check;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.Calls.CompareAndSet;
import io.solaster.testkit.check.Calls.Contains;
import io.solaster.testkit.check.Calls.Dequeue;
import io.solaster.testkit.check.Calls.Enqueue;
import io.solaster.testkit.check.Calls.Insert;
import io.solaster.testkit.check.Calls.Keyed;
import io.solaster.testkit.check.Calls.OfLock;
import io.solaster.testkit.check.Calls.OfQueue;
import io.solaster.testkit.check.Calls.OfRegister;
import io.solaster.testkit.check.Calls.OfSet;
import io.solaster.testkit.check.Calls.Read;
import io.solaster.testkit.check.Calls.Remove;
import io.solaster.testkit.check.Calls.TryLock;
import io.solaster.testkit.check.Calls.Unlock;
import io.solaster.testkit.check.Calls.Write;
import io.solaster.testkit.check.Model.Step;
import org.jspecify.annotations.Nullable;

/** Models of systems that many have. */
public final class Models {
    private Models() {}

    /** A variable that is read, written, and replaced where it has an expected value. */
    public static <V extends @Nullable Object> Model<Optional<V>, OfRegister<V>, Object> register(@Nullable V initial) {
        return reading(Model.of(Optional.ofNullable(initial), Models::register), Read.class::isInstance);
    }

    private static <V extends @Nullable Object> Step<Optional<V>, Object> register(Optional<V> value,
            OfRegister<V> call) {
        return switch (call) {
            case Read<V> _ -> new Step<>(value, value.orElse(null));
            case Write<V>(V written) -> new Step<>(Optional.ofNullable(written), null);
            case CompareAndSet<V>(V expected, V written) -> value.equals(Optional.ofNullable(expected))
                    ? new Step<>(Optional.ofNullable(written), true)
                    : new Step<>(value, false);
        };
    }

    /** A number that is added to. */
    public static Model<Long, Add, Long> counter(long initial) {
        return reading(Model.of(initial, (sum, add) -> new Step<>(sum + add.amount(), sum + add.amount())),
                add -> add.amount() == 0);
    }

    /** A set, empty at first. */
    public static <E> Model<Set<E>, OfSet<E>, Boolean> set() {
        return reading(Model.of(Set.of(), Models::set), Contains.class::isInstance);
    }

    private static <E> Step<Set<E>, Boolean> set(Set<E> elements, OfSet<E> call) {
        return switch (call) {
            case Insert<E>(E element) -> {
                Set<E> more = new HashSet<>(elements);
                boolean changed = more.add(element);
                yield new Step<>(more, changed);
            }
            case Remove<E>(E element) -> {
                Set<E> less = new HashSet<>(elements);
                boolean changed = less.remove(element);
                yield new Step<>(less, changed);
            }
            case Contains<E>(E element) -> new Step<>(elements, elements.contains(element));
        };
    }

    /** A queue, first in, first out, empty at first. */
    public static <E> Model<List<E>, OfQueue<E>, @Nullable E> queue() {
        return Model.of(List.of(), Models::queue);
    }

    private static <E> Step<List<E>, @Nullable E> queue(List<E> elements, OfQueue<E> call) {
        return switch (call) {
            case Enqueue<E>(E element) -> {
                List<E> more = new ArrayList<>(elements);
                more.add(element);
                yield new Step<>(more, null);
            }
            case Dequeue<E> _ -> elements.isEmpty()
                    ? new Step<>(elements, null)
                    : new Step<>(List.copyOf(elements.subList(1, elements.size())), elements.getFirst());
        };
    }

    /** A lock, free at first; its state is who has it. An owner that has it does not get it again. */
    public static Model<Optional<String>, OfLock, Boolean> lock() {
        return Model.of(Optional.empty(), (owner, call) -> switch (call) {
            case TryLock(String asking) -> owner.isEmpty()
                    ? new Step<>(Optional.of(asking), true)
                    : new Step<>(owner, false);
            case Unlock(String asking) -> owner.equals(Optional.of(asking))
                    ? new Step<>(Optional.empty(), true)
                    : new Step<>(owner, false);
        });
    }

    /** A system for each key, that each behave as a model says and know nothing of each other. */
    public static <K, S, I, O extends @Nullable Object> Model<S, Keyed<K, I>, O> byKey(Model<S, I, O> each) {
        return new Model<>() {
            @Override
            public S initial() {
                return each.initial();
            }

            @Override
            public List<S> next(S state, Keyed<K, I> input, Outcome<O> outcome) {
                return each.next(state, input.call(), outcome);
            }

            @Override
            public Object partition(Keyed<K, I> input) {
                return input.key();
            }

            @Override
            public boolean isRead(Keyed<K, I> input) {
                return each.isRead(input.call());
            }
        };
    }

    /**
     * Strings of a store that speaks Redis's protocol: GET, SET with NX, XX and GET, SETNX, GETSET, GETDEL, DEL, EXISTS,
     * APPEND, STRLEN, INCR, DECR, INCRBY and DECRBY of single keys.
     */
    public static Model<Optional<String>, Command, @Nullable Object> strings() {
        Model<Optional<String>, Command, @Nullable Object> one = Model.of(Optional.empty(), Strings::run);
        return partitioned(reading(one, command -> Strings.READS.contains(command.name())), Command::key);
    }

    private static <S, I, O extends @Nullable Object> Model<S, I, O> reading(Model<S, I, O> model,
            Predicate<I> reads) {
        return new Described<>(model, reads, model::partition);
    }

    private static <S, I, O extends @Nullable Object> Model<S, I, O> partitioned(Model<S, I, O> model,
            Function<I, Object> partitions) {
        return new Described<>(model, model::isRead, partitions);
    }

    /** A model that tells more of its calls. */
    private record Described<S, I, O extends @Nullable Object>(Model<S, I, O> model, Predicate<I> reads,
            Function<I, Object> partitions) implements Model<S, I, O> {
        @Override
        public S initial() {
            return model.initial();
        }

        @Override
        public List<S> next(S state, I input, Outcome<O> outcome) {
            return model.next(state, input, outcome);
        }

        @Override
        public Object partition(I input) {
            return partitions.apply(input);
        }

        @Override
        public boolean isRead(I input) {
            return reads.test(input);
        }
    }
}
