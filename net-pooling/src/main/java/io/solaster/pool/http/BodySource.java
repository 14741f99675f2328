package io.solaster.pool.http;

import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * The body of a request, piece by piece: asked for the next one once the one before has gone out far enough. On the shard
 * that sends the request.
 */
@FunctionalInterface
public interface BodySource {

    /** The next piece, which belongs to the client from then on; null for the end. Where it fails, so does the request. */
    CompletionStage<byte @Nullable []> next();

    /** Nobody asks for more, since the request has ended before the body: lets go of what it holds. At most once. */
    default void stop() {}
}
