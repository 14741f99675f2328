package io.solaster.engine.memory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What one kind of memory comes to on one shard, within the budget of all: see {@link ShardBudget#account}. On the owning
 * shard, unless a method says otherwise.
 */
public final class MemoryAccount {
    private static final boolean CHECKS = MemoryAccount.class.desiredAssertionStatus();

    private final String what;
    private final ShardBudget.Lent lent;
    private final AtomicLong used = new AtomicLong(); // written by the shard
    private final AtomicLong refusals = new AtomicLong();

    MemoryAccount(String name, ShardBudget.Lent lent) {
        this.what = "memory account '" + name + "'";
        this.lent = lent;
    }

    /**
     * Asks for memory; {@link #give} returns it.
     *
     * @return false if there is no room: nothing was taken then
     * @throws IllegalArgumentException if the bytes are negative
     */
    public boolean take(long bytes) {
        check(bytes);
        if (!lent.take(bytes)) {
            refusals.lazySet(refusals.getPlain() + 1);
            return false;
        }
        used.lazySet(used.getPlain() + bytes);
        return true;
    }

    /**
     * Notes memory that is taken already, or cannot be refused.
     *
     * @throws IllegalArgumentException if the bytes are negative
     */
    public void add(long bytes) {
        check(bytes);
        lent.add(bytes);
        used.lazySet(used.getPlain() + bytes);
    }

    /**
     * Returns memory. More than was taken is a mistake: it is refused where assertions are enabled, as in tests, and
     * else counts as all that was taken, so that an account is never below nothing.
     *
     * @throws IllegalArgumentException if the bytes are negative
     * @throws IllegalStateException with assertions enabled, if more is given than was taken
     */
    public void give(long bytes) {
        check(bytes);
        long taken = used.getPlain();
        if (bytes > taken && CHECKS) {
            throw new IllegalStateException(what + " was given " + bytes + " bytes of " + taken
                    + " that were taken; give back what was taken, once");
        }
        long given = Math.min(bytes, taken);
        used.lazySet(taken - given);
        lent.give(given);
    }

    private void check(long bytes) {
        lent.assertOwner(what);
        if (bytes < 0) {
            throw new IllegalArgumentException(what + " takes no negative amount, and was asked for " + bytes);
        }
    }

    /** Bytes that are taken. Any thread. */
    public long used() {
        return used.get();
    }

    /** How often there was no room. Any thread. */
    public long refusals() {
        return refusals.get();
    }

    @Override
    public String toString() {
        return what;
    }
}
