package io.solaster.config;

import java.time.Duration;

import io.solaster.config.value.Range;
import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is told of tasks that hold a shard for too long.
 *
 * @param enabled whether a watchdog looks for tasks that hold a shard
 * @param threshold how long a task may take that is no stall
 * @param reportsPerMinute how many reports the log gets in a minute; all are counted
 * @param grace how long after its start an engine warns of a stall only from ten thresholds on, since a young JVM loads
 *     classes and interprets; the shorter ones are told of in one line at the end
 */
public record StallConfig(@DefaultValue("true") boolean enabled, @Reloadable @DefaultValue("25ms") Duration threshold,
        @Reloadable @DefaultValue("5") @Range(min = 0) int reportsPerMinute,
        @DefaultValue("15s") Duration grace) {

    /** What an empty configuration gives. */
    public static StallConfig defaults() {
        return new StallConfig(true, Duration.ofMillis(25), 5, Duration.ofSeconds(15));
    }
}
