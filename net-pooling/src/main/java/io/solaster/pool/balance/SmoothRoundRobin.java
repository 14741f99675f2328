package io.solaster.pool.balance;

/**
 * One after the other by weight, spread out rather than in rows: nginx's smooth weighted round robin (Maxim Dounin,
 * 2012). In a round of as many requests as the weights' sum each gets exactly its weight. Takes time by the number of
 * targets.
 */
final class SmoothRoundRobin implements Balancer {
    private final int[] weights;
    private final long[] current;
    private final long total;

    SmoothRoundRobin(Candidates candidates) {
        weights = candidates.weights();
        current = new long[weights.length];
        long sum = 0;
        for (int weight : weights) {
            sum += weight;
        }
        total = sum;
        // Not all shards with the same one first.
        for (int i = candidates.random().nextInt(weights.length); i > 0; i--) {
            choose(0);
        }
    }

    @Override
    public int choose(long key) {
        long[] current = this.current;
        int[] weights = this.weights;
        int best = 0;
        long most = Long.MIN_VALUE;
        for (int i = 0; i < current.length; i++) {
            long now = current[i] + weights[i];
            current[i] = now;
            if (now > most) {
                most = now;
                best = i;
            }
        }
        current[best] -= total;
        return best;
    }
}
