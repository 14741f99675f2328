package io.solaster.config.pool;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How endpoints are found to be sick, and well again.
 *
 * @param check what asks an endpoint from time to time
 * @param outliers what ejects an endpoint by how its requests go
 * @param breaker what keeps one shard's requests from an endpoint that fails
 * @param panicThreshold percent of endpoints: where fewer are well, health is ignored, so that the few are not overrun; 0
 *            to never ignore it
 * @param overprovision percent: how much more than its share an endpoint can take, before the next priority takes part
 */
public record PoolHealthConfig(@NestedConfigurationProperty @DefaultValue CheckConfig check,
        @NestedConfigurationProperty @DefaultValue OutlierConfig outliers,
        @NestedConfigurationProperty @DefaultValue BreakerConfig breaker,
        @DefaultValue("50") @Range(min = 0, max = 100) int panicThreshold,
        @DefaultValue("140") @Range(min = 100, max = 1_000) int overprovision) {

    /** What an empty configuration gives. */
    public static PoolHealthConfig defaults() {
        return new PoolHealthConfig(CheckConfig.defaults(), OutlierConfig.defaults(),
                BreakerConfig.defaults(), 50, 140);
    }
}
