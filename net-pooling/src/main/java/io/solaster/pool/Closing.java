package io.solaster.pool;

import java.time.Duration;
import java.util.List;

import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** The end of one shard's part: nobody is served from its beginning on, and it is over with the last connection. */
final class Closing<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private @Nullable ShardFuture<Boolean> drained;

    Closing(DefaultShardPool<C> pool) {
        this.pool = pool;
    }

    boolean isClosed() {
        return drained != null;
    }

    /** Serves nobody from now on; done once the last connection has closed, at the deadline at the latest. */
    ShardFuture<Boolean> drain(Duration deadline) {
        ShardFuture<Boolean> done = drained;
        if (done == null) {
            done = pool.shard.newFuture();
            drained = done;
            pool.room.failAll();
            for (TargetPool<C> each : List.copyOf(pool.members.all())) {
                each.retire(CloseReason.CLOSED);
            }
            pool.loans.close();
        }
        if (deadline.isZero() || deadline.isNegative()) {
            closeAll();
        } else {
            ShardFuture<Boolean> ends = done;
            pool.shard.timers().timer(() -> {
                if (!ends.isDone()) {
                    closeAll();
                }
            }).arm(deadline);
        }
        finish();
        return done;
    }

    private void closeAll() {
        for (TargetPool<C> each : pool.members.everyone()) {
            each.closeAll();
        }
    }

    /** Over, if it has begun and the last connection has closed. */
    void finish() {
        if (drained != null && pool.permits.used() == 0) {
            pool.growth.stop();
            pool.loans.stop();
            pool.upkeep.stop();
            pool.permits.giveBackSpare();
            drained.complete(true);
        }
    }
}
