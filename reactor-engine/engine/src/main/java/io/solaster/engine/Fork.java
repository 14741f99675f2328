package io.solaster.engine;

import org.jspecify.annotations.Nullable;

/**
 * Straight-line code under way on a shard: a virtual thread that the shard carries. What blocks parks it, and the shard
 * goes on; only native blocking (files, DNS, a static initialiser that waits) holds the shard up and belongs on
 * {@link io.solaster.engine.Offload}. Nothing else on the shard runs between two points where it parks. Made by
 * {@link io.solaster.engine.Shard#fork} and {@link Scope#fork}. Any thread may call.
 */
public sealed interface Fork<T extends @Nullable Object> permits ForkedThread {

    /**
     * What the code returns or throws. Completed once the thread has ended, on the shard that forked; failed with
     * {@link io.solaster.engine.ShardStoppedException} where the shard stops before that. Cancelling it leaves the thread
     * alone.
     */
    ShardFuture<T> future();

    /** The virtual thread, for its name and its stack. It inherits to virtual threads that it starts itself its shard. */
    Thread thread();

    /** Interrupts the thread. It ends as soon as its code lets it, not before. */
    void cancel();
}
