package io.solaster.pool.health;

import io.solaster.config.pool.BreakerConfig;

/**
 * The circuit breaker of one shard and one endpoint (Nygard, Release It!): open once too many of the requests of late
 * have failed; after a while half open, where single requests try the endpoint; closed again when enough of those
 * succeed in a row. It only judges: who asks it sends nothing while it is open, and one request at a time while it is
 * half open. On the owning shard only; it allocates nothing.
 */
public final class Breaker {
    private static final int BUCKETS = 10;

    private final BreakerConfig config;
    private final long bucketNanos;
    /** The window, a tenth each. */
    private final int[] requests = new int[BUCKETS];
    private final int[] errors = new int[BUCKETS];
    private int bucket;
    private long bucketEnd;
    private int allRequests;
    private int allErrors;
    private State state = State.CLOSED;
    private int trialsLeft;

    /** A closed one. */
    public Breaker(BreakerConfig config) {
        this.config = config;
        bucketNanos = Math.max(1, config.window().toNanos() / BUCKETS);
    }

    /** Whether requests go through. */
    public State state() {
        return state;
    }

    /**
     * A request succeeded.
     *
     * @param now the shard's time, in nanoseconds
     * @return whether the state has changed
     */
    public boolean succeeded(long now) {
        if (state == State.CLOSED) {
            count(now, 0);
            return false;
        }
        if (state == State.HALF_OPEN && --trialsLeft == 0) {
            clear();
            state = State.CLOSED;
            return true;
        }
        return false;
    }

    /**
     * A request failed.
     *
     * @param now the shard's time, in nanoseconds
     * @return whether the state has changed
     */
    public boolean failed(long now) {
        if (state == State.CLOSED) {
            count(now, 1);
            if (allRequests < config.minRequests()
                    || 100L * allErrors < (long) config.errorPercent() * allRequests) {
                return false;
            }
        } else if (state == State.OPEN) {
            return false;
        }
        state = State.OPEN;
        return true;
    }

    /** Lets single requests through: when it has been open for {@code openFor}. */
    public void halfOpen() {
        state = State.HALF_OPEN;
        trialsLeft = config.trials();
    }

    /** Requests within the window. */
    public int requests() {
        return allRequests;
    }

    /** Those of them that failed. */
    public int errors() {
        return allErrors;
    }

    private void count(long now, int error) {
        if (now - bucketEnd >= 0) {
            advance(now);
        }
        requests[bucket]++;
        allRequests++;
        errors[bucket] += error;
        allErrors += error;
    }

    private void advance(long now) {
        if (now - bucketEnd >= BUCKETS * bucketNanos) {
            clear();
            bucketEnd = now + bucketNanos;
            return;
        }
        do {
            bucket = bucket + 1 == BUCKETS ? 0 : bucket + 1;
            allRequests -= requests[bucket];
            allErrors -= errors[bucket];
            requests[bucket] = 0;
            errors[bucket] = 0;
            bucketEnd += bucketNanos;
        } while (now - bucketEnd >= 0);
    }

    private void clear() {
        java.util.Arrays.fill(requests, 0);
        java.util.Arrays.fill(errors, 0);
        allRequests = 0;
        allErrors = 0;
    }

    /** Whether requests go through. */
    public enum State {
        /** All of them. */
        CLOSED,
        /** One at a time. */
        HALF_OPEN,
        /** None. */
        OPEN
    }
}
