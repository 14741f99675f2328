package io.solaster.pool.core;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.mesh.Message;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.connect.Descriptors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections the process may have, and who has them. A shard asks for a permit before it connects and gives it
 * back when the connection has closed. It also lets shards help each other where there are too few: who waits without a
 * connection is told of one that another shard lends, or gets the permit of one that another shard closes for it. Who has
 * waited longest comes first.
 *
 * <p>
 * Its books are kept on shard 0, which the others talk to by messages; everybody calls on a shard of their
 * own.
 */
final class Budget {
    private static final Logger log = LoggerFactory.getLogger(Budget.class);
    /** Since when nobody waits. */
    static final long NOBODY = Long.MIN_VALUE;

    private final Engine engine;
    private final DefaultConnectionPool<?> pool;
    // On shard 0 only.
    private int max;
    private int out;
    private final int[] held;
    private final int[] desired;
    private final long[] since;
    private final boolean[] takesLoans;
    private long toldSince = NOBODY;
    private boolean toldPermits;
    /** By address, the shards that cannot connect. */
    private final Map<String, BitSet> failing = new HashMap<>();

    Budget(Engine engine, DefaultConnectionPool<?> pool, int max) {
        int shards = engine.shards().size();
        this.engine = engine;
        this.pool = pool;
        this.max = max;
        this.held = new int[shards];
        this.desired = new int[shards];
        this.since = new long[shards];
        this.takesLoans = new boolean[shards];
        Arrays.fill(since, NOBODY);
    }

    /**
     * Gives permits back, and tells how many a shard wants to hold in place of what it told before. That counts those which
     * it holds, so that it does not matter what is on its way there meanwhile.
     *
     * @param since how long somebody has waited there; {@link #NOBODY} where nobody does
     * @param loans whether who waits may go to another shard
     */
    void desire(Shard shard, int returned, int permits, long since, boolean loans) {
        tell(shard, 0, () -> {
            held[shard.id()] -= returned;
            out -= returned;
            desired[shard.id()] = permits;
            this.since[shard.id()] = since;
            takesLoans[shard.id()] = loans;
            settle();
        });
    }

    /** Offers a connection that was taken for whoever waits elsewhere. */
    void offer(Shard lender, PooledConnection connection) {
        tell(lender, 0, () -> {
            int needy = oldestBorrower();
            if (needy < 0 || needy == lender.id()) {
                pool.giveOn(lender.id(), connection);
            } else {
                since[needy] = NOBODY;
                desired[needy] = held[needy];
                pool.lend(lender.id(), needy, connection);
            }
            toldSince = NOBODY;
            settle();
        });
    }

    /** Another bound. Any thread. */
    void max(int newMax) {
        engine.submitTo(0, () -> {
            max = newMax;
            shed(out - newMax);
            settle();
            return true;
        });
    }

    /** Those with the most give up the first. */
    private void shed(int excess) {
        int[] left = held.clone();
        for (int i = 0; i < excess; i++) {
            int most = 0;
            for (int shard = 1; shard < left.length; shard++) {
                most = left[shard] > left[most] ? shard : most;
            }
            left[most]--;
        }
        for (int shard = 0; shard < left.length; shard++) {
            if (left[shard] < held[shard]) {
                pool.shed(shard, left[shard]);
            }
        }
    }

    /** A shard cannot connect any more. */
    void connectFailed(Shard shard, String address, Throwable cause) {
        tell(shard, 0, () -> {
            BitSet shards = failing.computeIfAbsent(address, each -> new BitSet());
            if (shards.isEmpty()) {
                log.warn("Pool '{}': no connection to {}: {}; told again once it is there", pool.name(), address,
                        Descriptors.explain(cause));
            }
            shards.set(shard.id());
        });
    }

    /** A shard connects again. */
    void recovered(Shard shard, String address) {
        tell(shard, 0, () -> {
            BitSet shards = failing.get(address);
            if (shards != null) {
                shards.clear(shard.id());
                if (shards.isEmpty()) {
                    failing.remove(address);
                    log.info("Pool '{}': {} takes connections again", pool.name(), address);
                }
            }
        });
    }

    /** Hands out what there is, and tells who could help what there is not. */
    private void settle() {
        boolean granted = false;
        while (out < max) {
            int next = oldest(false);
            if (next < 0) {
                next = patient();
            }
            if (next < 0) {
                break;
            }
            int permits = Math.min(lacks(next), max - out);
            held[next] += permits;
            out += permits;
            granted = true;
            pool.grant(next, permits);
        }
        int needy = oldest(true);
        long now = needy < 0 ? NOBODY : since[needy];
        boolean permits = needy >= 0 && !takesLoans[needy];
        if (now != toldSince || permits != toldPermits || now != NOBODY && granted) {
            toldSince = now;
            toldPermits = permits;
            for (int shard = 0; shard < held.length; shard++) {
                // The one that needs it may itself have a connection that nobody there can use.
                if ((shard != needy || permits) && (held[shard] > 0 || now == NOBODY)) {
                    pool.othersWait(shard, now, permits);
                }
            }
        }
    }

    /**
     * The shard where somebody has waited longest; -1 if nobody waits.
     *
     * @param loans also where no permit would help, but a connection of another shard
     */
    private int oldest(boolean loans) {
        int oldest = -1;
        for (int i = 0; i < since.length; i++) {
            if (since[i] != NOBODY && (lacks(i) > 0 || loans && takesLoans[i])
                    && (oldest < 0 || since[i] - since[oldest] < 0)) {
                oldest = i;
            }
        }
        return oldest;
    }

    private int oldestBorrower() {
        int oldest = oldest(true);
        return oldest >= 0 && takesLoans[oldest] ? oldest : -1;
    }

    /** A shard that wants permits for nobody who waits. */
    private int patient() {
        for (int i = 0; i < held.length; i++) {
            if (lacks(i) > 0) {
                return i;
            }
        }
        return -1;
    }

    private int lacks(int shard) {
        return desired[shard] - held[shard];
    }

    /** Runs something on a shard later, in the group that runs here; not by submitTo, which may wait for mesh permits. */
    static void tell(Shard from, int to, Runnable action) {
        if (from.id() == to) {
            from.execute(action);
        } else {
            from.mesh().sendFree(to, new Note(action));
        }
    }

    private static final class Note extends Message {
        private final Runnable action;

        Note(Runnable action) {
            this.action = action;
        }

        @Override
        public void deliver() {
            action.run();
        }
    }

    static Shard here() {
        return Objects.requireNonNull(Shard.current(), "only shards have a part in a budget");
    }
}
