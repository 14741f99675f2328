package io.solaster.load;

import java.io.IOException;

/** Looks for the highest rate that keeps a goal, knowing of neither. On the thread that asks. */
final class RateSearch {
    private static final double NEAR = 1.05;
    private static final double LEAST_RATE = 1;
    private static final double MOST_TIMES = 1e6;

    private RateSearch() {}

    /** Offers one rate. */
    interface Trial {
        /** Whether the rate was kept; false if the thread was interrupted meanwhile. */
        boolean isKept(double perSecond) throws IOException;
    }

    /**
     * Doubles or halves a rate until the answer changes, then halves the distance down to a twentieth. A rate that fails
     * is tried once more, so that one hiccup of the machine does not decide. Ends early where the thread is interrupted.
     *
     * @return requests a second of the highest rate that was kept; 0 if none was
     */
    static double highest(double first, Trial trial) throws IOException {
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double rate = first;
        while (!isInterrupted() && high / low > NEAR && rate >= LEAST_RATE && rate < first * MOST_TIMES) {
            if (trial.isKept(rate) || !isInterrupted() && trial.isKept(rate)) {
                low = rate;
            } else {
                high = rate;
            }
            rate = low == 0 ? high / 2 : high == Double.POSITIVE_INFINITY ? 2 * low : Math.sqrt(low * high);
        }
        return low;
    }

    private static boolean isInterrupted() {
        return Thread.currentThread().isInterrupted();
    }
}
