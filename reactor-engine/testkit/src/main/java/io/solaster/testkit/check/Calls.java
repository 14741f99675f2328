package io.solaster.testkit.check;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/** What may be asked of the systems that {@link Models} knows. */
public final class Calls {
    private Calls() {}

    /** Asked of a register: a variable. */
    public sealed interface OfRegister<V extends @Nullable Object> {}

    /** Answered the value. */
    public record Read<V extends @Nullable Object>() implements OfRegister<V> {}

    /** Answered null. */
    public record Write<V extends @Nullable Object>(V value) implements OfRegister<V> {}

    /** Answered whether the value was the expected one, and so was replaced. */
    public record CompareAndSet<V extends @Nullable Object>(V expected, V value) implements OfRegister<V> {}

    /**
     * Asked of a counter. Answered the sum with this.
     *
     * @param amount 0 to read
     */
    public record Add(long amount) {}

    /** Asked of a set. */
    public sealed interface OfSet<E> {}

    /** Answered whether the element was not there before. */
    public record Insert<E>(E element) implements OfSet<E> {}

    /** Answered whether the element was there before. */
    public record Remove<E>(E element) implements OfSet<E> {}

    /** Answered whether the element is there. */
    public record Contains<E>(E element) implements OfSet<E> {}

    /** Asked of a queue. */
    public sealed interface OfQueue<E> {}

    /** Answered null. */
    public record Enqueue<E>(E element) implements OfQueue<E> {}

    /** Answered the oldest element, which leaves the queue; null where it is empty. */
    public record Dequeue<E>() implements OfQueue<E> {}

    /** Asked of a lock. */
    public sealed interface OfLock {}

    /** Answered whether nobody had the lock, so that this owner has it now. */
    public record TryLock(String owner) implements OfLock {}

    /** Answered whether this owner had the lock, which is free now. */
    public record Unlock(String owner) implements OfLock {}

    /**
     * Something asked about one key.
     *
     * @param key what it is about
     * @param call what is asked
     */
    public record Keyed<K, I>(K key, I call) {
        @Override
        public String toString() {
            return key + ": " + call;
        }
    }

    /**
     * A command about one string of a store that speaks Redis's protocol. Answered a {@code String}, a {@code Long}, or null,
     * as the protocol has them ("OK", 1, nil), and {@link #FAILED} for an error.
     *
     * @param name in upper case
     * @param key the key
     * @param arguments what follows the key
     */
    public record Command(String name, String key, List<String> arguments) {
        /** The answer that stands for all errors. */
        public static final String FAILED = "(error)";

        public Command {
            name = name.toUpperCase(Locale.ROOT);
            arguments = List.copyOf(arguments);
        }

        /** As {@code of("SET", "key", "value", "NX")}. */
        public static Command of(String name, String key, String... arguments) {
            return new Command(name, key, Arrays.asList(arguments));
        }

        @Override
        public String toString() {
            return (name + " " + key + " " + String.join(" ", arguments)).strip();
        }
    }
}
