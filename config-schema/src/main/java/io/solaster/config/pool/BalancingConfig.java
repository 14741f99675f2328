package io.solaster.config.pool;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which endpoint takes the next request.
 *
 * @param algorithm how it is chosen
 * @param slowStart how long an endpoint that is new, or well again, takes to its full share; 0 for none
 * @param zone where this process stands; with it, endpoints of the same zone come first
 * @param numaAware whether a shard prefers endpoints of its own NUMA node
 * @param boundedLoad with a hash, how far above the average an endpoint's requests under way may be before the next
 *            endpoint takes over; 0 for as far as it likes
 * @param decay the time in which peak-ewma forgets a slow answer
 * @param key what a request's key is where the algorithm goes by keys and endpoints speak HTTP: 'header:<name>' or
 *            'cookie:<name>'; a request without it goes to any endpoint
 */
public record BalancingConfig(@DefaultValue("peak-ewma") Algorithm algorithm,
        @DefaultValue("0s") Duration slowStart, @Nullable String zone, @DefaultValue("false") boolean numaAware,
        @DefaultValue("1.25") double boundedLoad, @DefaultValue("10s") Duration decay, @Nullable String key) {

    /** What an empty configuration gives. */
    public static BalancingConfig defaults() {
        return of(Algorithm.PEAK_EWMA);
    }

    /** This algorithm; all else as an empty configuration gives. */
    public static BalancingConfig of(Algorithm algorithm) {
        return new BalancingConfig(algorithm, Duration.ZERO, null, false, 1.25, Duration.ofSeconds(10), null);
    }

    /** Whether a request's key chooses its endpoint. */
    public boolean goesByKeys() {
        return algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV;
    }

    /** How an endpoint is chosen. */
    public enum Algorithm {
        /** One after the other. */
        ROUND_ROBIN,
        /** One after the other, by weight, smoothly. */
        WEIGHTED_ROUND_ROBIN,
        /** Any, by weight. */
        RANDOM,
        /** The one with the fewest requests under way for its weight. */
        LEAST_CONNECTIONS,
        /** Of two random ones, the one with the fewer requests under way. */
        POWER_OF_TWO,
        /** Of two random ones, the one whose latest latency times its requests under way is less. */
        PEAK_EWMA,
        /** The one that the request's key falls to on a ring (consistent hashing). */
        RING_HASH,
        /** The one that the request's key falls to in Maglev's table. */
        MAGLEV
    }
}
