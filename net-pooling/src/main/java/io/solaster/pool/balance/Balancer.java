package io.solaster.pool.balance;

import io.solaster.config.pool.BalancingConfig.Algorithm;

/**
 * Chooses among the targets that it was made for, on one shard; a change of members, of their health or of their weights
 * makes another one. Not safe for threads.
 */
@FunctionalInterface
public interface Balancer {

    /**
     * Which target takes the next request. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys, well mixed or not; others leave it alone
     * @return its place among the targets that this was made for
     */
    int choose(long key);

    /**
     * The algorithm for these candidates. Where all weights are equal, it is the one without weights, which is faster.
     *
     * @throws IllegalArgumentException if the algorithm goes by keys: see {@link HashTable#balancer}
     */
    static Balancer of(Algorithm algorithm, Candidates candidates) {
        if (candidates.size() == 1) {
            return key -> 0;
        }
        return switch (algorithm) {
            // Weights are those of slow start: an endpoint's own are no matter here.
            case ROUND_ROBIN, WEIGHTED_ROUND_ROBIN -> candidates.areEqual()
                    ? new RoundRobin(candidates)
                    : new SmoothRoundRobin(candidates);
            case RANDOM -> new RandomChoice(candidates);
            case LEAST_CONNECTIONS -> new LeastConnections(candidates);
            case POWER_OF_TWO -> new PowerOfTwo(candidates);
            case PEAK_EWMA -> new PeakEwma(candidates);
            case RING_HASH, MAGLEV -> throw new IllegalArgumentException(algorithm + " needs a table");
        };
    }
}
