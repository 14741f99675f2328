package io.solaster.config;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is measured beyond the ordinary.
 *
 * @param shardPairs whether there are meters for each pair of shards, of which 64 shards make 4,032
 */
public record MetricsConfig(@DefaultValue("false") boolean shardPairs) {

    /** What an empty configuration gives. */
    public static MetricsConfig defaults() {
        return new MetricsConfig(false);
    }
}
