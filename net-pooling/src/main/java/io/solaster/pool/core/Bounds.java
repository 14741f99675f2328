package io.solaster.pool.core;

import java.time.Duration;

import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.env.Environment;

/** What the configuration allows on one shard, as the hot path wants it: plain numbers, ever the newest. On its shard. */
final class Bounds {
    private final Environment environment;
    private PoolConfig config;
    /** Whether requests go by their keys, so that each keeps to its endpoint. */
    boolean isKeyed;
    int maxPerShard;
    int maxPerEndpoint;
    int maxConnecting;
    int maxRequests;
    int maxPending;
    int minIdle;
    long validateAfter;
    long maxIdle;
    long leakAfter;
    private boolean isShared;
    /** What the newest shared connection's other end takes at once. */
    private int takenAtOnce = Integer.MAX_VALUE;

    /** @param isShared whether several requests may be under way on a connection, as far as it is known */
    Bounds(PoolConfig config, boolean isShared, Environment environment) {
        this.environment = environment;
        this.config = config;
        this.isShared = isShared;
        set(config);
    }

    void set(PoolConfig newConfig) {
        ConnectionsConfig connections = newConfig.connections();
        config = newConfig;
        Algorithm algorithm = newConfig.balancing().algorithm();
        isKeyed = algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV;
        maxPerShard = connections.maxPerShard();
        maxPerEndpoint = connections.maxPerEndpoint();
        maxConnecting = connections.maxConnecting();
        maxRequests = connections.maxRequests();
        maxPending = connections.maxPending();
        minIdle = connections.minIdle();
        validateAfter = nanos(connections.validateAfter());
        maxIdle = nanos(connections.maxIdle());
        leakAfter = nanos(connections.leakAfter());
    }

    Duration connectTimeout() {
        return config.connections().connectTimeout();
    }

    /** @param requests that the other end takes at once */
    void learntThatShared(int requests) {
        isShared = true;
        takenAtOnce = Math.max(1, requests);
    }

    /** Requests that one more connection would take. */
    int requestsEach() {
        return isShared ? Math.min(maxRequests, takenAtOnce) : 1;
    }

    /** The shortest time after which something may be wrong with a connection. */
    long shortestAge() {
        return Math.min(Math.min(validateAfter, maxIdle),
                Math.min(leakAfter, nanos(config.connections().maxLifetime())));
    }

    /** When a connection that is made now has lived long enough. */
    long expiry(long now) {
        Duration lifetime = config.connections().maxLifetime();
        if (lifetime.isZero()) {
            return now + Long.MAX_VALUE / 2;
        }
        // Not all at once, or the end of those that a start has made would be a storm.
        long nanos = saturated(lifetime);
        return now + nanos - environment.random().nextLong(Math.max(1, nanos / 10));
    }

    /** How long to wait before the next connect. Doubles from the first failure on, at random between half and whole. */
    long backoff(int failures) {
        long least = Math.max(1, config.requests().backoff().toNanos());
        long most = Math.max(least, config.requests().maxBackoff().toNanos());
        long whole = Math.min(most, least << Math.min(20, failures - 1));
        return whole / 2 + environment.random().nextLong(whole / 2 + 1);
    }

    /** 0 stands for ever. */
    private static long nanos(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE : saturated(duration);
    }

    private static long saturated(Duration duration) {
        return duration.toDays() > 36_500 ? Long.MAX_VALUE / 2 : duration.toNanos();
    }
}
