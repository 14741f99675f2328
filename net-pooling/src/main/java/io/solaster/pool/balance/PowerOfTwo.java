package io.solaster.pool.balance;

/**
 * Of two random ones, drawn by weight, the one with the fewer requests under way for its weight (Mitzenmacher, The Power
 * of Two Choices in Randomized Load Balancing, IEEE TPDS 2001); the first of equals.
 */
final class PowerOfTwo implements Balancer {
    private final Load[] loads;
    private final int[] weights;
    private final Draw draw;
    private final boolean equal;

    PowerOfTwo(Candidates candidates) {
        loads = candidates.loads();
        weights = candidates.weights();
        draw = new Draw(candidates);
        equal = draw.isEqual();
    }

    @Override
    public int choose(long key) {
        Load[] loads = this.loads;
        if (equal) {
            long bits = draw.bits();
            int first = Draw.below(bits >>> 32, loads.length);
            int second = Draw.other(bits & 0xFFFF_FFFFL, loads.length, first);
            // No branch, which nobody could predict.
            int fewer = loads[second].inFlight() - loads[first].inFlight() >> 31;
            return first + (second - first & fewer);
        }
        int first = draw.one();
        int second = draw.another(first);
        return (long) loads[second].inFlight() * weights[first] < (long) loads[first].inFlight() * weights[second]
                ? second
                : first;
    }
}
