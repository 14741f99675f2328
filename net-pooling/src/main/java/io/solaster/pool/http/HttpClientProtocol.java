package io.solaster.pool.http;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1, one request at a time on a connection.
 *
 * @param host what the Host header says; null for the endpoint's own
 * @param maxHeaderBytes of an answer's headers together, and of its first line
 * @param gzip whether answers may come packed, which are unpacked here
 */
public record HttpClientProtocol(@Nullable String host, int maxHeaderBytes,
        boolean gzip) implements Protocol<HttpClientConnection> {

    /** The endpoint's own name, 16 KiB of headers, nothing packed. */
    public static HttpClientProtocol defaults() {
        return new HttpClientProtocol(null, 16 * 1024, false);
    }

    /** This with another name in the Host header. */
    public HttpClientProtocol withHost(@Nullable String newHost) {
        return new HttpClientProtocol(newHost, maxHeaderBytes, gzip);
    }

    /** This with another limit on headers. */
    public HttpClientProtocol withMaxHeaderBytes(int newMaxHeaderBytes) {
        return new HttpClientProtocol(host, newMaxHeaderBytes, gzip);
    }

    /** This with answers that may come packed. */
    public HttpClientProtocol withGzip(boolean newGzip) {
        return new HttpClientProtocol(host, maxHeaderBytes, newGzip);
    }

    @Override
    public String name() {
        return "http";
    }

    @Override
    public CompletionStage<HttpClientConnection> open(Shard shard, Channel channel, Endpoint endpoint) {
        return CompletableFuture.completedStage(new HttpClientConnection(shard, channel, endpoint, this));
    }
}
