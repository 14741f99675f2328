package io.solaster.store.shard;

import io.solaster.config.StoreConfig;
import io.solaster.config.StoreConfig.Eviction;
import io.solaster.store.keyspace.EvictionPolicy;
import io.solaster.store.keyspace.EvictionPolicy.Order;

/**
 * How much the keys of all shards may take together, and what goes where they would take more.
 *
 * @param limit bytes; 0 for no limit of its own
 * @param eviction which keys go
 * @param samples keys that are looked at for each that goes
 * @param logFactor see {@link EvictionPolicy}
 * @param decayMinutes see {@link EvictionPolicy}
 */
public record MemorySettings(long limit, Eviction eviction, int samples, int logFactor, int decayMinutes) {

    /** As it is configured. */
    static MemorySettings of(StoreConfig config) {
        EvictionPolicy none = EvictionPolicy.NONE;
        return new MemorySettings(config.maxMemory().bytes(), config.eviction(), config.evictionSamples(),
                none.logFactor(), none.decayMinutes());
    }

    /** What the keyspaces are told: of samples and minutes, as many as they can do with. */
    EvictionPolicy policy() {
        return new EvictionPolicy(switch (eviction) {
            case NOEVICTION -> Order.NONE;
            case ALLKEYS_LRU, VOLATILE_LRU -> Order.LRU;
            case ALLKEYS_LFU, VOLATILE_LFU -> Order.LFU;
            case ALLKEYS_RANDOM, VOLATILE_RANDOM -> Order.RANDOM;
            case VOLATILE_TTL -> Order.TTL;
        }, switch (eviction) {
            case VOLATILE_LRU, VOLATILE_LFU, VOLATILE_RANDOM, VOLATILE_TTL -> true;
            default -> false;
        }, Math.min(samples, StoreConfig.MAX_SAMPLES), logFactor,
                Math.min(decayMinutes, EvictionPolicy.MAX_DECAY_MINUTES));
    }

    /** This with another limit. */
    public MemorySettings withLimit(long newLimit) {
        return new MemorySettings(newLimit, eviction, samples, logFactor, decayMinutes);
    }

    /** This with other keys to go. */
    public MemorySettings withEviction(Eviction newEviction) {
        return new MemorySettings(limit, newEviction, samples, logFactor, decayMinutes);
    }

    /** This with another number of samples. */
    public MemorySettings withSamples(int newSamples) {
        return new MemorySettings(limit, eviction, newSamples, logFactor, decayMinutes);
    }

    /** This with another factor. */
    public MemorySettings withLogFactor(int newLogFactor) {
        return new MemorySettings(limit, eviction, samples, newLogFactor, decayMinutes);
    }

    /** This with another time. */
    public MemorySettings withDecayMinutes(int newDecayMinutes) {
        return new MemorySettings(limit, eviction, samples, logFactor, newDecayMinutes);
    }
}
