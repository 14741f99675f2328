package io.solaster.store;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * So many permits in a time, evenly, and so many at once.
 *
 * @param permits in each {@code period}, 1 or more
 * @param period up to 365 days
 * @param burst permits that may be taken at once after a rest, 1 or more
 */
public record RateLimit(long permits, Duration period, long burst) {
    private static final Duration LONGEST = Duration.ofDays(365);

    public RateLimit {
        if (permits < 1 || burst < 1) {
            throw new IllegalArgumentException(
                    "a rate limit of " + permits + " permits and a burst of " + burst + "; give 1 or more of both");
        }
        if (period.isNegative() || period.isZero() || period.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("a rate limit per " + period + "; give a time up to " + LONGEST);
        }
        if (period.toNanos() / permits < TimeUnit.MICROSECONDS.toNanos(1)) {
            throw new IllegalArgumentException("a rate limit of " + permits + " permits per " + period
                    + "; at most one a microsecond is counted");
        }
        if (burst > TimeUnit.NANOSECONDS.toMicros(LONGEST.toNanos()) / interval(permits, period)) {
            throw new IllegalArgumentException(
                    "a burst of " + burst + " takes more than " + LONGEST + " to fill; give a smaller one");
        }
    }

    /** As many at once as there are in a period. */
    public static RateLimit of(long permits, Duration period) {
        return new RateLimit(permits, period, permits);
    }

    /** Microseconds until one more permit is there. */
    long interval() {
        return interval(permits, period);
    }

    private static long interval(long permits, Duration period) {
        return TimeUnit.NANOSECONDS.toMicros(period.toNanos()) / permits;
    }
}
