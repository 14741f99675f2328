package io.solaster.spring;

import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import org.jspecify.annotations.Nullable;

/**
 * Gives each HTTP server something that sees its exchanges. Every bean of this type is asked, once for each server of
 * {@code solaster.servers} that speaks 'http', and for that of WebFlux where the shards serve it, before it is bound.
 */
@FunctionalInterface
public interface HttpServerListener {

    /**
     * What sees the exchanges of a server.
     *
     * @param server the key below {@code solaster.servers}; {@code webflux} for that of WebFlux
     * @param handler what answers its requests
     * @return null for nothing
     */
    @Nullable
    ExchangeListener of(String server, HttpHandler handler);

    /**
     * Told of what serves each of these servers, once, before it is bound: for those who look at what it counts.
     *
     * @param server as above
     */
    default void serves(String server, HttpProtocol protocol) {}
}
