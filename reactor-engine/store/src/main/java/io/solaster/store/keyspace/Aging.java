package io.solaster.store.keyspace;

import java.time.Duration;

/** Has the keys of a keyspace age as time goes by, whatever the clock does. On the owning shard. */
public final class Aging {
    /** Milliseconds that are made up for where the keys could not age: once round all of them. */
    private static final long LONGEST_MISSED = Duration.ofMinutes(30).toMillis();

    private final Keyspace keys;
    private final long step;
    private final long most;
    private long agedAt;

    /**
     * Begins with the time that it is.
     *
     * @param step milliseconds between two looks at keys
     */
    public Aging(Keyspace keys, long step, long now) {
        this.keys = keys;
        this.step = step;
        this.most = 10 * step;
        this.agedAt = now;
    }

    /** It is so late, in Unix milliseconds. */
    public void tick(long now) {
        if (now < agedAt) {
            // The clock was set back.
            agedAt = now;
        }
        long passed = now - agedAt;
        if (passed >= step) {
            // After a clock was set, or a machine stood still, the rest follows in later turns, as far as there is a point.
            long millis = Math.min(passed, most);
            keys.age(now, millis);
            agedAt = Math.max(agedAt + millis, now - LONGEST_MISSED);
        }
    }
}
