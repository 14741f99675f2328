package io.solaster.pool.http;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig.Version;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Protocol;
import io.solaster.pool.connect.ServerName;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1, one request at a time on a connection, or HTTP/2, as many as the other end allows.
 *
 * @param version what is spoken; the other end must do so too
 * @param serverName what the Host header says where a request does not
 * @param maxHeaderBytes of an answer's headers together, and of its first line; of HTTP/2 as they are unpacked
 * @param gzip whether answers may come packed, which are unpacked here
 * @param maxSilence how long a connection of HTTP/2 may be silent before a request that is given up makes it count as dead;
 *            zero for ever
 */
public record HttpClientProtocol(Version version, ServerName serverName, int maxHeaderBytes, boolean gzip,
        Duration maxSilence) implements Protocol<HttpClientConnection> {

    /** HTTP/1.1, the endpoint's own name, 16 KiB of headers, nothing packed. */
    public static HttpClientProtocol defaults() {
        return new HttpClientProtocol(Version.HTTP_1_1, ServerName.OWN, 16 * 1024, false, Duration.ofSeconds(10));
    }

    /** As a pool's configuration says: its version, its name, and how long silence lasts. */
    public static HttpClientProtocol of(PoolConfig config) {
        return new HttpClientProtocol(config.http().version(), ServerName.of(config), 16 * 1024, false,
                config.connections().userTimeout());
    }

    /**
     * This with another version. Where connections are encrypted, their connector must be of a configuration with the same
     * one, since it is agreed on with the encryption (ALPN).
     */
    public HttpClientProtocol withVersion(Version newVersion) {
        return new HttpClientProtocol(newVersion, serverName, maxHeaderBytes, gzip, maxSilence);
    }

    /** This with another name in the Host header; null for what is found by itself. */
    public HttpClientProtocol withHost(@Nullable String newHost) {
        return new HttpClientProtocol(version, serverName.withGiven(newHost), maxHeaderBytes, gzip, maxSilence);
    }

    /** This with another limit on headers. */
    public HttpClientProtocol withMaxHeaderBytes(int newMaxHeaderBytes) {
        return new HttpClientProtocol(version, serverName, newMaxHeaderBytes, gzip, maxSilence);
    }

    /** This with answers that may come packed. */
    public HttpClientProtocol withGzip(boolean newGzip) {
        return new HttpClientProtocol(version, serverName, maxHeaderBytes, newGzip, maxSilence);
    }

    @Override
    public String name() {
        return version == Version.HTTP_2 ? "http/2" : "http";
    }

    @Override
    public boolean isShared() {
        return version == Version.HTTP_2;
    }

    @Override
    public CompletionStage<HttpClientConnection> open(Shard shard, Channel channel, Endpoint endpoint) {
        if (version == Version.HTTP_1_1) {
            return CompletableFuture.completedStage(new Http1ClientConnection(shard, channel, endpoint, this));
        }
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        String agreed = tls == null ? "h2" : tls.engine().getApplicationProtocol();
        if (!"h2".equals(agreed)) {
            return CompletableFuture.failedStage(new IOException(endpoint.address() + " does not speak HTTP/2 (ALPN: "
                    + (agreed == null || agreed.isEmpty() ? "nothing was agreed on" : "it takes " + agreed)
                    + "); set http.version to http-1-1"));
        }
        return new Http2ClientConnection(shard, channel, endpoint, this).greeted();
    }
}
