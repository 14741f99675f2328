package io.solaster.spring;

import java.util.function.Function;

/**
 * A value that changes while the application runs. Inject {@code Live<SolasterConfig>} where a changed configuration shall
 * be seen; an injected {@code SolasterConfig} stays what it was at the start. Any thread.
 */
@FunctionalInterface
public interface Live<T> {

    /** The value that is in force now. Cheap enough to be asked each time. */
    T get();

    /** A part of it, such as {@code config.map(all -> all.servers().get("kv").limits())}. */
    default <R> Live<R> map(Function<? super T, ? extends R> part) {
        return () -> part.apply(get());
    }
}
