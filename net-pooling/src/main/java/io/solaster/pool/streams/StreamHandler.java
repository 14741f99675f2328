package io.solaster.pool.streams;

import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/** What is done with entries. Called on one shard, which it must not block. */
@FunctionalInterface
public interface StreamHandler {
    /**
     * An entry has come.
     *
     * @return done once the entry is: a consumer of a group acknowledges it then. Where it fails, or this throws, a group's entry
     *         stays pending, and comes again when it is claimed
     */
    CompletionStage<?> handle(StreamEntry entry);

    /** Handling an entry has failed. */
    default void failed(StreamEntry entry, Throwable cause) {}

    /** The connection is lost, or the server refuses; another one is tried. */
    default void lost(@Nullable Throwable cause) {}
}
