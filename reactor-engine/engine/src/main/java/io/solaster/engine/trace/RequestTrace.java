package io.solaster.engine.trace;

import java.util.concurrent.Callable;

import io.solaster.engine.task.ShardView;
import org.jspecify.annotations.Nullable;

/** Told of one request that is traced. On the shard that owns its connection. */
public interface RequestTrace {

    /** How a request ended. */
    enum Outcome {
        /** It was answered. */
        SUCCESS,
        /** It was answered with an error. */
        ERROR,
        /** Its client had gone before. */
        CANCELLED
    }

    /** What was asked for: one of few names, such as a command, or a route's template. */
    void operation(String name);

    /** Something else to know about it, of any number of values. */
    void detail(String key, String value);

    /** Runs code as part of the request: what it submits and forks is traced below it. */
    <T extends @Nullable Object> T call(Callable<T> work) throws Exception;

    /** A part of it is sent to a shard in a message of the protocol's own. */
    @Nullable
    Hop hop(ShardView to);

    /** The id of its trace, as logs have it; null where there is none. */
    default @Nullable String traceId() {
        return null;
    }

    /** It is over; nothing may be told of it any more. */
    void ended(Outcome outcome);
}
