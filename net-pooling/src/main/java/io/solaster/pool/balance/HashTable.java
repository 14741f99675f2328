package io.solaster.pool.balance;

import java.util.List;

import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.pool.Endpoint;

/**
 * Which endpoint a key falls to: the same in each process that knows the same endpoints, whatever their order. Made of
 * members whether they are well or not, so that one that falls ill moves no key but its own; immutable, and shared by
 * all shards. Any thread. Making one takes milliseconds: not on a shard.
 */
public abstract sealed class HashTable permits RingTable, MaglevTable {
    private final List<Endpoint> endpoints;

    HashTable(List<Endpoint> endpoints) {
        this.endpoints = endpoints;
    }

    /**
     * A table.
     *
     * @param algorithm one that goes by keys
     * @param endpoints at least one
     */
    public static HashTable of(Algorithm algorithm, List<Endpoint> endpoints) {
        return switch (algorithm) {
            case RING_HASH -> new RingTable(List.copyOf(endpoints));
            case MAGLEV -> new MaglevTable(List.copyOf(endpoints));
            default -> throw new IllegalArgumentException(algorithm + " goes by no keys");
        };
    }

    /** What it was made of: an endpoint's place here is the one that balancers return. */
    public final List<Endpoint> endpoints() {
        return endpoints;
    }

    /**
     * Chooses by this table.
     *
     * @param candidates one for each endpoint, in their order
     * @param available whether each may be chosen; at least one may
     * @param boundedLoad how far above its share of the requests under way an endpoint may be; 0 for as far as it likes
     */
    public final Balancer balancer(Candidates candidates, boolean[] available, double boundedLoad) {
        return boundedLoad > 0
                ? new BoundedLoad(this, candidates, available, boundedLoad)
                : new KeyHash(this, available);
    }

    /** How many slots there are. */
    abstract int slots();

    /** The slot of a hash. */
    abstract int slot(long hash);

    /** The place of the endpoint that has a slot. */
    abstract int owner(int slot);

    /** FNV-1a, and then mixed: the same in every process. */
    static long hash(String text) {
        long hash = 0xCBF2_9CE4_8422_2325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100_0000_01B3L;
        }
        return mix(hash);
    }

    /** David Stafford's thirteenth variant of MurmurHash3's finalizer. */
    public static long mix(long bits) {
        long mixed = (bits ^ bits >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
        return mixed ^ mixed >>> 31;
    }
}
