package io.solaster.boot.netty;

import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.netty.util.Timeout;
import io.netty.util.Timer;
import io.netty.util.TimerTask;
import io.netty.util.concurrent.Future;
import io.solaster.engine.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards' wheels as Netty's timer, in place of a thread that ticks: a task runs on the shard that armed it, or on the
 * next in turn. Stopping it does nothing. Any thread.
 */
final class ShardTimer implements Timer {
    private static final Logger log = LoggerFactory.getLogger(ShardTimer.class);

    private final ColocatedShards shards;

    ShardTimer(ColocatedShards shards) {
        this.shards = shards;
    }

    @Override
    public Timeout newTimeout(TimerTask task, long delay, TimeUnit unit) {
        return new Armed(this, task, shards.nextShard(), delay, unit);
    }

    @Override
    public Set<Timeout> stop() {
        return Set.of();
    }

    private static final class Armed implements Timeout, Runnable {
        private final ShardTimer timer;
        private final TimerTask task;
        private final Future<?> scheduled;

        Armed(ShardTimer timer, TimerTask task, Shard shard, long delay, TimeUnit unit) {
            this.timer = timer;
            this.task = task;
            this.scheduled = shard.schedule(this, delay, unit);
        }

        @Override
        public void run() {
            try {
                task.run(this);
            } catch (Exception e) {
                log.warn("A timer's task failed: {}", task, e);
            }
        }

        @Override
        public Timer timer() {
            return timer;
        }

        @Override
        public TimerTask task() {
            return task;
        }

        @Override
        public boolean isExpired() {
            return scheduled.isDone() && !scheduled.isCancelled();
        }

        @Override
        public boolean isCancelled() {
            return scheduled.isCancelled();
        }

        @Override
        public boolean cancel() {
            return scheduled.cancel(false);
        }
    }
}
