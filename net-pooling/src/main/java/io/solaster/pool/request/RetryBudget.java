package io.solaster.pool.request;

import java.util.concurrent.TimeUnit;

/**
 * Bounds retries so that an outage is not met with a storm of them, as Finagle's {@code RetryBudget} does: each success of
 * the last ten seconds pays for a part of a retry, and some retries a second are allowed whatever happens. One shard's.
 */
final class RetryBudget {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final int SECONDS = 10;
    /** What a retry costs, so that parts of one can be paid in. */
    private static final long RETRY = 1_000_000;

    /** What each of the last seconds has paid in, and not been spent. */
    private final long[] deposits = new long[SECONDS];
    private int second;
    private long secondBegan;
    private long balance;
    private long perSuccess;
    /** Allowed whatever happens: fills up with time. */
    private long reserve;
    private long reservePerSecond;
    private long reserveSince;

    RetryBudget(long now) {
        secondBegan = now;
        reserveSince = now;
    }

    /**
     * @param ratio retries that a success pays for
     * @param minPerSecond retries a second that nobody needs to pay for; less than 1 too
     */
    void configure(double ratio, double minPerSecond) {
        perSuccess = Math.max(0, Math.round(ratio * RETRY));
        long newReserve = Math.max(0, Math.round(minPerSecond * RETRY));
        if (newReserve != reservePerSecond) {
            reservePerSecond = newReserve;
            reserve = reserveLimit();
        }
    }

    private long reserveLimit() {
        return reservePerSecond == 0 ? 0 : Math.max(RETRY, reservePerSecond);
    }

    void deposit(long now) {
        turn(now);
        deposits[second] += perSuccess;
        balance += perSuccess;
    }

    boolean tryWithdraw(long now) {
        turn(now);
        if (balance >= RETRY) {
            balance -= RETRY;
            long due = RETRY;
            // The oldest first: it would be the first to be forgotten.
            for (int i = 1; due > 0; i++) {
                int at = (second + i) % SECONDS;
                long part = Math.min(due, deposits[at]);
                deposits[at] -= part;
                due -= part;
            }
            return true;
        }
        long passed = Math.min(now - reserveSince, 100 * SECOND);
        double earned = (double) reservePerSecond * passed / SECOND;
        reserve = Math.min(reserveLimit(), reserve + (long) earned);
        reserveSince = now;
        if (reserve >= RETRY) {
            reserve -= RETRY;
            return true;
        }
        return false;
    }

    private void turn(long now) {
        if (now - secondBegan < SECOND) {
            return;
        }
        long passed = (now - secondBegan) / SECOND;
        secondBegan += passed * SECOND;
        for (long i = Math.min(passed, SECONDS); i > 0; i--) {
            second = (second + 1) % SECONDS;
            balance -= deposits[second];
            deposits[second] = 0;
        }
    }
}
