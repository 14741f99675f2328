package io.solaster.pool;

/** How an upstream stands with the whole process. */
public enum UpstreamState {
    /** Every endpoint is well, but for those that somebody has taken out. */
    HEALTHY,
    /** Some are not. */
    DEGRADED,
    /** There is no endpoint, none is well, or fewer of each priority than {@code panic-threshold} says. */
    DOWN
}
