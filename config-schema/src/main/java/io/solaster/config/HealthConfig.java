package io.solaster.config;

import java.time.Duration;

import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is told of an engine's health.
 *
 * @param brokenAfter how long a shard may go without a turn of its loop before the application counts as broken, so that
 *            a liveness probe restarts it
 */
public record HealthConfig(@Reloadable @DefaultValue("30s") Duration brokenAfter) {

    /** What an empty configuration gives. */
    public static HealthConfig defaults() {
        return new HealthConfig(Duration.ofSeconds(30));
    }
}
