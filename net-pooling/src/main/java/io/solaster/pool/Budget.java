package io.solaster.pool;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.mesh.Message;
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
    private final int[] wanted;
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
        this.wanted = new int[shards];
        this.since = new long[shards];
        this.takesLoans = new boolean[shards];
        Arrays.fill(since, NOBODY);
    }

    /**
     * Asks for permits, in place of what was asked for before.
     *
     * @param permits 0 to ask for nothing any more
     * @param since how long somebody has waited there; {@link #NOBODY} where they are for keeping connections idle
     * @param loans whether who waits may go to another shard
     */
    void want(Shard shard, int permits, long since, boolean loans) {
        tell(shard, 0, () -> {
            wanted[shard.id()] = permits;
            this.since[shard.id()] = since;
            takesLoans[shard.id()] = loans;
            settle(true);
        });
    }

    /** Gives back permits that are not in use any more. */
    void giveBack(Shard shard, int permits) {
        tell(shard, 0, () -> {
            held[shard.id()] -= permits;
            out -= permits;
            settle(false);
        });
    }

    /** Offers a connection that was taken for whoever waits elsewhere. */
    void offer(Shard lender, PooledConnection connection) {
        tell(lender, 0, () -> {
            int needy = oldest(true);
            if (needy < 0 || needy == lender.id()) {
                pool.giveOn(lender.id(), connection);
            } else {
                since[needy] = NOBODY;
                wanted[needy] = 0;
                pool.lend(lender.id(), needy, connection);
            }
            toldSince = NOBODY;
            settle(true);
        });
    }

    /** Another bound. Any thread. */
    void max(int newMax) {
        engine.submitTo(0, () -> {
            max = newMax;
            settle(true);
            return true;
        });
    }

    /** A shard cannot connect any more. */
    void connectFailed(Shard shard, String address, Throwable cause) {
        tell(shard, 0, () -> {
            BitSet shards = failing.computeIfAbsent(address, each -> new BitSet());
            if (shards.isEmpty()) {
                log.warn("Pool '{}': no connection to {}: {}; told again once it is there", pool.name(), address,
                        cause.getMessage() == null ? cause.toString() : cause.getMessage());
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
    private void settle(boolean tellAgain) {
        boolean granted = false;
        while (out < max) {
            int next = oldest(false);
            if (next < 0) {
                next = patient();
            }
            if (next < 0) {
                break;
            }
            int permits = Math.min(wanted[next], max - out);
            wanted[next] -= permits;
            held[next] += permits;
            out += permits;
            if (wanted[next] == 0) {
                since[next] = NOBODY;
            }
            granted = true;
            pool.grant(next, permits);
        }
        int needy = oldest(false);
        long now = needy < 0 ? NOBODY : since[needy];
        boolean permits = needy >= 0 && !takesLoans[needy];
        if (now != toldSince || permits != toldPermits || now != NOBODY && (tellAgain || granted)) {
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

    /** The shard where somebody has waited longest; -1 if nobody waits. */
    private int oldest(boolean forLoans) {
        int oldest = -1;
        for (int i = 0; i < since.length; i++) {
            if (since[i] != NOBODY && wanted[i] > 0 && (!forLoans || takesLoans[i])
                    && (oldest < 0 || since[i] - since[oldest] < 0)) {
                oldest = i;
            }
        }
        return oldest;
    }

    /** A shard that wants permits for nobody who waits. */
    private int patient() {
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i] > 0) {
                return i;
            }
        }
        return -1;
    }

    /** Runs something on a shard later, in the group that runs here; not by submitTo, which may wait for mesh permits. */
    static void tell(Shard from, int to, Runnable action) {
        if (from.id() == to) {
            from.execute(action);
        } else {
            from.mesh().send(to, new Note(action));
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
