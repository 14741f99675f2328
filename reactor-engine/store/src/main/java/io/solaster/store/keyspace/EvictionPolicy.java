package io.solaster.store.keyspace;

/**
 * Which keys a keyspace evicts, and how it notes that they are used: as Redis does both.
 *
 * @param order which of the sampled keys goes first; null for no eviction
 * @param expiringOnly whether only keys with an expiry go
 * @param samples keys that are looked at for each that goes
 * @param logFactor how many accesses it takes to count a frequently used key as more frequently used: {@code lfu-log-factor}
 * @param decayMinutes after how many minutes a key counts as less frequently used, 0 for never: {@code lfu-decay-time}
 */
public record EvictionPolicy(Order order, boolean expiringOnly, int samples, int logFactor, int decayMinutes) {
    /** The longest {@link #decayMinutes}. */
    public static final int MAX_DECAY_MINUTES = 60;

    /** Evicts nothing. */
    public static final EvictionPolicy NONE = new EvictionPolicy(Order.NONE, false, 5, 10, 1);

    /** Which key goes first. */
    public enum Order {
        /** None goes. */
        NONE,
        /** The one that was not used for the longest time. */
        LRU,
        /** The one that is used least often. */
        LFU,
        /** Any. */
        RANDOM,
        /** The one that expires first. */
        TTL
    }
}
