package io.solaster.streams.topic;

import io.solaster.config.Internal;
import io.solaster.engine.Slots;

/**
 * Which partition a key has, and which shard a partition. A partition has its share of the slots, a run of them, and lies on the
 * shard of the first. The only one of a topic lies where its topic's name would, as a key. Any thread.
 */
@Internal
public final class Placing {
    private final int partitions;
    private final int shards;
    private final int slotOfName;

    Placing(String topic, int partitions, int shards) {
        this.partitions = partitions;
        this.shards = shards;
        this.slotOfName = Slots.of(topic);
    }

    public int partitions() {
        return partitions;
    }

    public int partitionOf(byte[] key) {
        return Slots.of(key) * partitions >>> 14;
    }

    public int shardOf(int partition) {
        int slot = partitions == 1 ? slotOfName : Math.ceilDiv(partition * Slots.COUNT, partitions);
        return Slots.shardOf(slot, shards);
    }
}
