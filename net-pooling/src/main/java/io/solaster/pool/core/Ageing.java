package io.solaster.pool.core;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.CloseReason;
import io.solaster.pool.PooledConnection;

/** Looks after connections of one shard to one endpoint that are idle, old, or out for too long. On its shard. */
final class Ageing<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private final Bounds bounds;
    private final TargetPool<C> target;
    private int validating;

    Ageing(DefaultShardPool<C> pool, TargetPool<C> target) {
        this.pool = pool;
        this.bounds = pool.bounds;
        this.target = target;
    }

    /** Connections that are asked now whether the other end is there. */
    int validating() {
        return validating;
    }

    /** Looks at each. */
    void sweep(long now) {
        for (int i = target.count() - 1; i >= 0; i--) {
            PoolEntry each = target.at(i);
            if (each.uses > 0) {
                if (each.taker != null && now - each.takenAt > bounds.leakAfter) {
                    pool.upkeep.leaked(target, each, now);
                }
                if (now - each.expiresAt >= 0) {
                    target.retire(each, CloseReason.LIFETIME);
                }
            } else if (each.retired != null) {
                each.connection.channel().close();
            } else if (now - each.expiresAt >= 0) {
                target.close(each, CloseReason.LIFETIME);
            } else if (now - each.idleSince > bounds.maxIdle && target.count() > bounds.minIdle) {
                target.close(each, CloseReason.IDLE);
            } else if (now - each.provenAt > bounds.validateAfter && !each.isValidating) {
                validate(each);
            }
        }
        pool.growth.grow(target);
    }

    /** Asks idle connections that nobody may take unasked, as many as there are waiters. */
    void validateForWaiters(long now) {
        long asked = (long) validating * bounds.requestsEach();
        for (int i = target.count() - 1; i >= 0 && asked < target.waiting(); i--) {
            PoolEntry each = target.at(i);
            if (each.isAtRest() && now - each.provenAt > bounds.validateAfter) {
                asked += bounds.requestsEach();
                validate(each);
            }
        }
    }

    private void validate(PoolEntry entry) {
        entry.isValidating = true;
        validating++;
        target.notIdle(entry);
        ask(entry.connection).whenComplete((answer, failure) -> {
            if (!entry.isValidating) {
                return;
            }
            closed(entry);
            if (failure != null || !entry.connection.isUsable()) {
                target.close(entry, CloseReason.INVALID);
                return;
            }
            entry.provenAt = pool.now();
            if (entry.retired != null) {
                target.close(entry, entry.retired);
                return;
            }
            if (!entry.isShared) {
                target.idleAsOldest(entry);
            }
            pool.room.offer(target);
        });
    }

    private CompletionStage<?> ask(PooledConnection connection) {
        try {
            return Shard.timeout(connection.validate(), bounds.connectTimeout());
        } catch (RuntimeException e) {
            ShardFuture<Object> failed = pool.shard.newFuture();
            failed.completeExceptionally(e);
            return failed;
        }
    }

    /** What it was asked does not matter any more. */
    void closed(PoolEntry entry) {
        if (entry.isValidating) {
            entry.isValidating = false;
            validating--;
        }
    }
}
