package io.solaster.rpc;

import java.time.Duration;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/**
 * A call that is served, for its handler. On the shard that serves it, or in the fork that does; it may be kept, and tells nothing
 * new once the call has ended.
 */
public interface RpcCall {

    /**
     * The call that the calling code serves: in a fork of a handler, and while a handler runs on the loop, but not in what it has
     * follow on a future. Any thread; null outside of calls. Calls that are made while one is there inherit its deadline.
     */
    static @Nullable RpcCall current() {
        return CurrentCall.get();
    }

    /** Which method. */
    RpcMethod<?, ?> method();

    /** The slot that the caller has named, by its key; -1 if none. */
    int slot();

    /** How long until nobody waits for the answer any more; null for as long as it takes. */
    @Nullable
    Duration timeLeft();

    /** Nanoseconds of the shard's clock at which the time is over; {@link Long#MAX_VALUE} for never. */
    @Internal
    long deadline();

    /** Whether nobody waits for the answer any more: cancelled, out of time, or the connection is lost. */
    boolean isCancelled();

    /** Runs an action on the shard once nobody waits for the answer; at once where that is so. A call has one; a second replaces it. */
    void onCancel(Runnable action);
}
