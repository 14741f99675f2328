package io.solaster.config;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The threads for work that blocks.
 *
 * @param threads how many threads run work that blocks
 * @param queueCapacity how many calls may wait for a thread before further ones are refused
 */
public record OffloadConfig(@DefaultValue("4") @Range(min = 1, max = 1024) int threads,
        @DefaultValue("1024") @Range(min = 1, max = 1 << 20) int queueCapacity) {

    /** What an empty configuration gives. */
    public static OffloadConfig defaults() {
        return new OffloadConfig(4, 1024);
    }
}
