package io.solaster.config.pool;

import java.time.Duration;

import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What asks each endpoint from time to time, once for the process, whether it is well.
 *
 * @param type what is asked
 * @param interval from one check to the next, less or more by a tenth at random
 * @param timeout how long an endpoint may take to answer
 * @param healthyAfter successes in a row after which an endpoint is well again
 * @param unhealthyAfter failures in a row after which it is unhealthy; after the first it is degraded
 * @param path what is asked for where the type is 'http'
 * @param host the Host header of that; the endpoint's host by default
 * @param minStatus the least status that is good
 * @param maxStatus the greatest status that is good
 */
public record CheckConfig(@DefaultValue("none") Type type, @DefaultValue("5s") Duration interval,
        @DefaultValue("1s") Duration timeout, @DefaultValue("2") @Range(min = 1, max = 1_000) int healthyAfter,
        @DefaultValue("3") @Range(min = 1, max = 1_000) int unhealthyAfter, @DefaultValue("/") String path,
        @Nullable String host, @DefaultValue("200") @Range(min = 100, max = 599) int minStatus,
        @DefaultValue("399") @Range(min = 100, max = 599) int maxStatus) {

    /** What an empty configuration gives. */
    public static CheckConfig defaults() {
        return of(Type.NONE, Duration.ofSeconds(5), Duration.ofSeconds(1));
    }

    /** This check, so often; all else as an empty configuration gives. */
    public static CheckConfig of(Type type, Duration interval, Duration timeout) {
        return new CheckConfig(type, interval, timeout, 2, 3, "/", null, 200, 399);
    }

    /** What an endpoint is asked. */
    public enum Type {
        /** Nothing. */
        NONE,
        /** To accept a connection. */
        TCP,
        /** To shake hands, with a certificate that is good. */
        TLS,
        /** PING, for PONG. */
        RESP,
        /** GET of a path, for a status. */
        HTTP
    }
}
