package io.solaster.config;

import java.time.Duration;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a shard does when nothing is left to do.
 *
 * @param policy whether an idle shard looks for work again and again, or sleeps
 * @param spinFor how long an idle shard looks for work before it sleeps, where the policy is to spin
 * @param lingerFor how long a shard that another one has just talked to looks out for the next word before it sleeps,
 *            as long as that pays; 0 to sleep at once
 */
public record IdleConfig(@DefaultValue("auto") Policy policy, @DefaultValue("200us") Duration spinFor,
        @DefaultValue("50us") Duration lingerFor) {

    /** What an empty configuration gives. */
    public static IdleConfig defaults() {
        return new IdleConfig(Policy.AUTO, Duration.ofNanos(200_000), Duration.ofNanos(50_000));
    }

    /** Spin or sleep. */
    public enum Policy {
        /** Spin only where the shard's CPU is isolated for it; else park. */
        AUTO,
        /** Spin for {@code spin-for}, then sleep. */
        SPIN,
        /** Sleep at once. */
        PARK
    }
}
