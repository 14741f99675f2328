package io.solaster.pool;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How an endpoint stood when somebody asked.
 *
 * @param address host and port
 * @param state how it stands with the whole process
 * @param why that is, in words; null where it is healthy
 * @param weight its share of the requests
 * @param priority 0 is asked first
 * @param zone where it stands; null where nobody says
 * @param ejectedFor how long it stays ejected; null if it is not
 * @param inFlight requests under way, over all shards
 * @param openBreakers shards whose circuit breaker keeps requests from it
 * @param latency how long its answers take, as those shards see it that have asked it; zero if none has
 */
public record EndpointStatus(String address, EndpointState state, @Nullable String why, int weight, int priority,
        @Nullable String zone, @Nullable Duration ejectedFor, long inFlight, int openBreakers, Duration latency) {}
