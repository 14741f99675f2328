package io.solaster.pool;

/** How an endpoint stands with the whole process; circuit breakers of single shards come on top. */
public enum EndpointState {
    /** It is well, as far as anybody knows. */
    HEALTHY,
    /** A check of it failed; it is asked where the healthy ones cannot take all requests. */
    DEGRADED,
    /** Its requests went so badly that it is left out for a while. */
    EJECTED,
    /** Its checks fail. */
    UNHEALTHY,
    /** Somebody has taken it out by hand. */
    DRAINED
}
