package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What ejects an endpoint for a while by how its requests go, over all shards.
 *
 * @param consecutiveErrors errors in a row after which an endpoint is ejected; 0 to not go by them
 * @param interval how often the shards' counts are looked at together
 * @param minRequests requests to an endpoint within an interval below which its rate and latency say nothing
 * @param minEndpoints endpoints with so many requests below which rates and latencies are not compared
 * @param successDeviations an endpoint is ejected whose success rate is below the mean by so many standard deviations; 0
 *            to not go by it
 * @param latencyFactor an endpoint is ejected whose mean latency is above the median of all by this factor; 0 to not go
 *            by it
 * @param ejection how long the first ejection lasts; each further one lasts as much longer
 * @param maxEjection the longest ejection
 * @param maxEjectionPercent percent of endpoints that may be ejected at once; one may always be
 */
public record OutlierConfig(@DefaultValue("5") @Range(min = 0, max = 1_000_000) int consecutiveErrors,
        @DefaultValue("1s") Duration interval, @DefaultValue("100") @Range(min = 1) int minRequests,
        @DefaultValue("5") @Range(min = 2) int minEndpoints, @DefaultValue("1.9") double successDeviations,
        @DefaultValue("0") double latencyFactor, @DefaultValue("30s") Duration ejection,
        @DefaultValue("5m") Duration maxEjection,
        @DefaultValue("10") @Range(min = 0, max = 100) int maxEjectionPercent) {

    /** What an empty configuration gives. */
    public static OutlierConfig defaults() {
        return of(5, Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    /** So many errors in a row, looked at so often, ejected for so long; all else as an empty configuration gives. */
    public static OutlierConfig of(int consecutiveErrors, Duration interval, Duration ejection) {
        return new OutlierConfig(consecutiveErrors, interval, 100, 5, 1.9, 0, ejection, Duration.ofMinutes(5), 10);
    }
}
