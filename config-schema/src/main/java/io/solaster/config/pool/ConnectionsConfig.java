package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How many connections a pool has, and for how long.
 *
 * @param max the most connections of the process; shards borrow from this budget
 * @param maxPerShard the most connections of one shard
 * @param maxPerEndpoint the most connections of one shard to one endpoint
 * @param maxRequests requests under way at once on one connection, where the protocol allows several
 * @param minIdle connections that each shard keeps to each endpoint, also while there is nothing to do
 * @param warmUp how long a start waits for those; 0 to not wait
 * @param maxPending requests of one shard that may wait for a connection; more are refused
 * @param maxConnecting connects of one shard under way at once to one endpoint
 * @param acquireTimeout how long a request waits for a connection
 * @param connectTimeout how long a connect may take, TLS and all
 * @param maxIdle how long a connection may be idle; 0 for ever
 * @param maxLifetime how long a connection may live, less up to a tenth at random; 0 for ever
 * @param validateAfter a connection that was idle for longer is checked before it is used; 0 to never check
 * @param userTimeout how long what was sent may stay unacknowledged (TCP_USER_TIMEOUT); 0 as the system has it
 * @param keepAlive after how long of silence TCP asks whether the other end is there; 0 to never ask
 * @param leakAfter a connection that is out for longer is reported with the stack of whoever took it; 0 to not watch
 */
public record ConnectionsConfig(@DefaultValue("256") @Range(min = 1, max = 1_000_000) int max,
        @DefaultValue("64") @Range(min = 1, max = 1_000_000) int maxPerShard,
        @DefaultValue("16") @Range(min = 1, max = 1_000_000) int maxPerEndpoint,
        @DefaultValue("1024") @Range(min = 1, max = 1_000_000) int maxRequests,
        @DefaultValue("0") @Range(min = 0, max = 100_000) int minIdle, @DefaultValue("0s") Duration warmUp,
        @DefaultValue("10000") @Range(min = 0, max = 10_000_000) int maxPending,
        @DefaultValue("4") @Range(min = 1, max = 100_000) int maxConnecting,
        @DefaultValue("5s") Duration acquireTimeout, @DefaultValue("2s") Duration connectTimeout,
        @DefaultValue("60s") Duration maxIdle, @DefaultValue("30m") Duration maxLifetime,
        @DefaultValue("5s") Duration validateAfter, @DefaultValue("10s") Duration userTimeout,
        @DefaultValue("15s") Duration keepAlive, @DefaultValue("0s") Duration leakAfter) {

    /** What an empty configuration gives. */
    public static ConnectionsConfig defaults() {
        return new ConnectionsConfig(256, 64, 16, 1024, 0, Duration.ZERO, 10_000, 4, Duration.ofSeconds(5),
                Duration.ofSeconds(2), Duration.ofSeconds(60), Duration.ofMinutes(30), Duration.ofSeconds(5),
                Duration.ofSeconds(10), Duration.ofSeconds(15), Duration.ZERO);
    }

    /** This with other bounds on the number of connections. */
    public ConnectionsConfig withBounds(int newMax, int newMaxPerShard, int newMaxPerEndpoint) {
        return new ConnectionsConfig(newMax, newMaxPerShard, newMaxPerEndpoint, maxRequests, minIdle, warmUp,
                maxPending, maxConnecting, acquireTimeout, connectTimeout, maxIdle, maxLifetime, validateAfter,
                userTimeout, keepAlive, leakAfter);
    }

    /** This with other connections that are kept while there is nothing to do. */
    public ConnectionsConfig withMinIdle(int newMinIdle, Duration newWarmUp) {
        return new ConnectionsConfig(max, maxPerShard, maxPerEndpoint, maxRequests, newMinIdle, newWarmUp,
                maxPending, maxConnecting, acquireTimeout, connectTimeout, maxIdle, maxLifetime, validateAfter,
                userTimeout, keepAlive, leakAfter);
    }
}
