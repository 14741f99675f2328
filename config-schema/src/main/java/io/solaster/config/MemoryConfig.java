package io.solaster.config;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Memory outside the heap: what keys, bodies and buffers of all shards may take together, and where it lies.
 *
 * @param limit how much they may take; 0 for what the container, or the machine, has beside the heap
 * @param pressureAt per cent of the limit from which on memory is scarce: what is kept for use again is given back, and
 *            large bodies are refused
 * @param hugePages whether the kernel is asked for pages of 2 MiB for keys: 'madvise', or 'off' for what it does unasked
 * @param bindNodes whether memory of a pinned shard is bound to the NUMA node of its CPU, where there are several
 */
public record MemoryConfig(@DefaultValue("0B") ByteSize limit,
        @DefaultValue("80") @Range(min = 1, max = 100) int pressureAt,
        @DefaultValue("madvise") HugePages hugePages, @DefaultValue("true") boolean bindNodes) {

    /** What an empty configuration gives. */
    public static MemoryConfig defaults() {
        return new MemoryConfig(new ByteSize(0), 80, HugePages.MADVISE, true);
    }

    /** Whether the kernel is asked for huge pages. */
    public enum HugePages {
        /** It is not; what it does unasked, it does. */
        OFF,
        /** It is, unless it says that it has none. */
        MADVISE
    }
}
