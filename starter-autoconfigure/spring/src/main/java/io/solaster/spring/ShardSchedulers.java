package io.solaster.spring;

import io.solaster.engine.Shard;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Reactor's schedulers over shards. Needs Reactor. Any thread. */
public final class ShardSchedulers {
    static {
        // For every engine of the process, once: the question is the thread's, not an engine's.
        Schedulers.registerNonBlockingThreadPredicate(Shard::isLoop);
    }

    private ShardSchedulers() {}

    /**
     * A scheduler whose workers run on a shard, in the group that schedules where that is on this shard or a peer, else in
     * the default one; delays go by the shard's timers. Disposed of, it refuses further tasks with
     * {@link java.util.concurrent.RejectedExecutionException}, as it does once the shard has stopped; the shard itself goes
     * on, and so do its other schedulers.
     */
    public static Scheduler of(Shard shard) {
        return Schedulers.fromExecutorService(new ShardExecutor(shard), "shard-" + shard.id());
    }

    /** Has {@code block()} throw on the loop of every shard, which it would stop; in a fork it parks. */
    public static void refuseBlocking() {
        // The static initialiser has done it.
    }
}
