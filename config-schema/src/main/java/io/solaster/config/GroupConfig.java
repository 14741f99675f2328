package io.solaster.config;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One scheduling group: a named share of every shard's time.
 *
 * @param shares the group's part of the time, relative to that of others which want some too; 0 takes the default:
 *            critical 1000, default 500, background 100, maintenance 50, any other 200
 * @param rateLimit tasks a second that the group may run on each shard; 0 for no limit
 * @param maxQueued submitted tasks that may wait on each shard; 0 for no limit
 * @param whenFull what happens to a task that is submitted beyond max-queued
 * @param queueTimeout how long a task may wait for room, or a call for a mesh permit, before it fails
 * @param meshPermits calls that may be under way from one shard to another; 0 for no limit
 */
@ConfigurationPropertiesSource
public record GroupConfig(@DefaultValue("0") @Range(min = 0, max = 1_000_000) int shares,
        @DefaultValue("0") @Range(min = 0, max = 1_000_000_000) int rateLimit,
        @DefaultValue("0") @Range(min = 0, max = 1 << 24) int maxQueued, @DefaultValue("reject") WhenFull whenFull,
        @DefaultValue("1s") Duration queueTimeout,
        @DefaultValue("0") @Range(min = 0, max = 1 << 20) int meshPermits) {

    /** What an empty configuration gives. */
    public static GroupConfig defaults() {
        return new GroupConfig(0, 0, 0, WhenFull.REJECT, Duration.ofSeconds(1), 0);
    }

    /** Nothing but a number of shares. */
    public static GroupConfig ofShares(int shares) {
        return defaults().withShares(shares);
    }

    /** This with other shares. */
    public GroupConfig withShares(int newShares) {
        return new GroupConfig(newShares, rateLimit, maxQueued, whenFull, queueTimeout, meshPermits);
    }

    /** This with another limit of tasks a second. */
    public GroupConfig withRateLimit(int newRateLimit) {
        return new GroupConfig(shares, newRateLimit, maxQueued, whenFull, queueTimeout, meshPermits);
    }

    /** This with another cap on the tasks that wait, and what happens beyond it. */
    public GroupConfig withMaxQueued(int newMaxQueued, WhenFull newWhenFull) {
        return new GroupConfig(shares, rateLimit, newMaxQueued, newWhenFull, queueTimeout, meshPermits);
    }

    /** This with another time to wait for room or a permit. */
    public GroupConfig withQueueTimeout(Duration newQueueTimeout) {
        return new GroupConfig(shares, rateLimit, maxQueued, whenFull, newQueueTimeout, meshPermits);
    }

    /** This with another bound on calls under way. */
    public GroupConfig withMeshPermits(int newMeshPermits) {
        return new GroupConfig(shares, rateLimit, maxQueued, whenFull, queueTimeout, newMeshPermits);
    }

    /** What happens to a task that finds its group's queue full. */
    public enum WhenFull {
        /** It fails at once. */
        REJECT,
        /** It waits for room, in order, for queue-timeout at most. */
        WAIT
    }
}
