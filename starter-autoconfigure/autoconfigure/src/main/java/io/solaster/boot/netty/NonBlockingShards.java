package io.solaster.boot.netty;

import io.solaster.engine.Shard;
import reactor.core.scheduler.Schedulers;

/**
 * Tells Reactor that a shard's thread must not block: {@code Mono.block()} throws there, as it does on Reactor Netty's own
 * threads. Virtual threads that a shard carries may block.
 */
final class NonBlockingShards {

    static {
        Schedulers.registerNonBlockingThreadPredicate(NonBlockingShards::isShard);
    }

    private NonBlockingShards() {}

    /** Once for the whole process, whoever asks first. */
    static void tellReactor() {
        // The class is initialized by now.
    }

    private static boolean isShard(Thread thread) {
        // Reactor asks a thread about itself.
        return !thread.isVirtual() && thread.equals(Thread.currentThread()) && Shard.current() != null;
    }
}
