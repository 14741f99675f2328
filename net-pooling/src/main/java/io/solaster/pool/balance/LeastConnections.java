package io.solaster.pool.balance;

/**
 * The one that would have the fewest requests under way for its weight, one more counted, as HAProxy's {@code leastconn}
 * has it; of equals the next one in turn. Takes time by the number of targets: what it looks at lies side by side.
 */
final class LeastConnections implements Balancer {
    /** Bits of a place, below those of its cost; twice as many places as there are targets. */
    private static final int PLACE_BITS = 20;
    private static final int PLACES = (1 << PLACE_BITS) - 1;
    /** What a request costs the heaviest target, so that lighter ones cost more in good proportion. */
    private static final double UNIT = 64;

    private final long[] costs;
    private int next;

    LeastConnections(Candidates candidates) {
        int[] weights = candidates.weights();
        int heaviest = 0;
        for (int weight : weights) {
            heaviest = Math.max(heaviest, weight);
        }
        Load.Board board = new Load.Board(weights.length);
        for (int i = 0; i < weights.length; i++) {
            candidates.loads()[i].standOn(board, i, Math.round(UNIT * heaviest / weights[i]));
        }
        costs = board.costs;
        next = candidates.random().nextInt(weights.length);
    }

    @Override
    public int choose(long key) {
        int size = costs.length;
        int start = next;
        next = start + 1 == size ? 0 : start + 1;
        // Of equals the first from the start on is the least, those before the start come after a whole round.
        long least = Math.min(least(start, size, 0), least(0, start, size));
        int place = (int) least & PLACES;
        return place < size ? place : place - size;
    }

    /** The least of cost and place in one number; two at a time, so that one need not wait for the other. */
    private long least(int from, int to, int bias) {
        long[] costs = this.costs;
        long one = Long.MAX_VALUE;
        long two = Long.MAX_VALUE;
        int i = from;
        for (; i + 1 < to; i += 2) {
            one = Math.min(one, (costs[i] << PLACE_BITS) + bias + i);
            two = Math.min(two, (costs[i + 1] << PLACE_BITS) + bias + i + 1);
        }
        return Math.min(i < to ? Math.min(one, (costs[i] << PLACE_BITS) + bias + i) : one, two);
    }
}
