package io.solaster.config;

import io.solaster.config.value.Range;
import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The lanes between shards.
 *
 * @param laneCapacity messages that the ring of one lane holds; a power of two
 * @param highWaterMark messages of one group that one shard was sent and has not run, above which who sends them waits
 */
public record MeshConfig(@DefaultValue("1024") @Range(min = 2, max = 1 << 20) int laneCapacity,
        @Reloadable @DefaultValue("4096") @Range(min = 1, max = 1 << 24) int highWaterMark) {

    /** What an empty configuration gives. */
    public static MeshConfig defaults() {
        return new MeshConfig(1024, 4096);
    }
}
