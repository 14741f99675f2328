package io.solaster.pool.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.ShardFuture;
import io.solaster.pool.CloseReason;
import io.solaster.pool.PooledConnection;

/** The end of one shard's part: nobody is served from its beginning on, and it is over with the last connection. */
final class Closing<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    /** Those who wait for the end, each by a future of its own, which may be cancelled. */
    private final List<ShardFuture<Boolean>> waiting = new ArrayList<>();
    private boolean begun;
    private boolean isOver;
    /** Something was still under way at a deadline. */
    private boolean cutShort;

    Closing(DefaultShardPool<C> pool) {
        this.pool = pool;
    }

    boolean isClosed() {
        return begun;
    }

    /**
     * Serves nobody from now on. It may be asked again, with another deadline: the earliest counts.
     *
     * @return done once the last connection has closed, at the deadline at the latest; whether nothing was cut short
     */
    ShardFuture<Boolean> drain(Duration deadline) {
        ShardFuture<Boolean> done = pool.shard.newFuture();
        if (isOver) {
            done.complete(!cutShort);
            return done;
        }
        waiting.add(done);
        if (!begun) {
            begun = true;
            pool.room.failAll();
            for (TargetPool<C> each : List.copyOf(pool.members.all())) {
                each.retire(CloseReason.CLOSED);
            }
            pool.loans.close();
        }
        if (deadline.isZero() || deadline.isNegative()) {
            closeAll();
        } else {
            pool.shard.timers().timer(() -> {
                if (!isOver) {
                    closeAll();
                }
            }).arm(deadline);
        }
        finish();
        return done;
    }

    private void closeAll() {
        cutShort |= pool.stats.active.get() > 0;
        for (TargetPool<C> each : pool.members.everyone()) {
            each.closeAll();
        }
    }

    /** Over, if it has begun and the last connection has closed. */
    void finish() {
        if (begun && !isOver && pool.permits.used() == 0) {
            isOver = true;
            pool.growth.stop();
            pool.loans.stop();
            pool.upkeep.stop();
            pool.permits.giveBackSpare();
            List.copyOf(waiting).forEach(done -> done.complete(!cutShort));
            waiting.clear();
        }
    }
}
