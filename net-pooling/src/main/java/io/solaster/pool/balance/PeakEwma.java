package io.solaster.pool.balance;

import io.solaster.engine.env.TimeSource;

/**
 * Of two random ones, drawn by weight, the one where one more request would take the shorter: latency times requests
 * under way, after Finagle's {@code p2cPeakEwma}. Weights count when it draws only, since latency tells who is strong.
 */
final class PeakEwma implements Balancer {
    private final Load[] loads;
    private final Draw draw;
    private final boolean equal;
    private final TimeSource clock;
    private final double decay;

    PeakEwma(Candidates candidates) {
        loads = candidates.loads();
        draw = new Draw(candidates);
        equal = draw.isEqual();
        clock = candidates.clock();
        decay = candidates.decay();
    }

    @Override
    public int choose(long key) {
        int first;
        int second;
        if (equal) {
            long bits = draw.bits();
            first = Draw.below(bits >>> 32, loads.length);
            second = Draw.other(bits & 0xFFFF_FFFFL, loads.length, first);
        } else {
            first = draw.one();
            second = draw.another(first);
        }
        long now = clock.nanoTime();
        // No branch, which nobody could predict: all bits are set where the difference is negative.
        double less = loads[second].cost(now, decay) - loads[first].cost(now, decay);
        int cheaper = (int) (Double.doubleToRawLongBits(less) >> 63);
        return first + (second - first & cheaper);
    }
}
