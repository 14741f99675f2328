package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The circuit breaker of one shard and endpoint.
 *
 * @param enabled whether there is one
 * @param errorPercent percent of errors within the window from which it opens
 * @param minRequests requests within the window below which it stays closed
 * @param window what it goes by
 * @param openFor how long it is open before single requests try the endpoint
 * @param trials requests that must succeed, one after the other, for it to close
 */
public record BreakerConfig(@DefaultValue("true") boolean enabled,
        @DefaultValue("50") @Range(min = 1, max = 100) int errorPercent,
        @DefaultValue("20") @Range(min = 1, max = 1_000_000) int minRequests, @DefaultValue("10s") Duration window,
        @DefaultValue("5s") Duration openFor, @DefaultValue("3") @Range(min = 1, max = 1_000) int trials) {

    /** What an empty configuration gives. */
    public static BreakerConfig defaults() {
        return new BreakerConfig(true, 50, 20, Duration.ofSeconds(10), Duration.ofSeconds(5), 3);
    }

    /** None. */
    public static BreakerConfig none() {
        return new BreakerConfig(false, 50, 20, Duration.ofSeconds(10), Duration.ofSeconds(5), 3);
    }
}
