package io.solaster.spring.web;

import java.net.InetAddress;
import java.time.Duration;
import java.util.function.Supplier;

import io.solaster.config.ByteSize;
import io.solaster.config.CompressionConfig;
import io.solaster.config.HttpConfig;
import io.solaster.config.ServerConfig;
import io.solaster.config.WebConfig;
import io.solaster.engine.Engine;
import io.solaster.http.HttpProtocol;
import org.springframework.boot.web.server.Compression;
import org.springframework.boot.web.server.reactive.AbstractReactiveWebServerFactory;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.web.server.adapter.ForwardedHeaderTransformer;

/**
 * Makes the server of a WebFlux application: HTTP on the shards, instead of a server that brings threads of its own.
 * Configured as Spring Boot's others are, by {@code server.*}; what that has no key for is in {@link WebConfig}.
 */
public final class SolasterReactiveWebServerFactory extends AbstractReactiveWebServerFactory {
    /** The server's name in logs and meters. */
    public static final String NAME = "webflux";

    private final Engine engine;
    private final WebConfig config;
    private final Supplier<Duration> drainTimeout;
    private HttpConfig http;
    private boolean useForwardHeaders;

    /**
     * A server on port 8080 of all addresses, unless Spring Boot's customizers say otherwise.
     *
     * @param drainTimeout how long requests under way may take when it is shut down gracefully
     */
    public SolasterReactiveWebServerFactory(Engine engine, WebConfig config, Supplier<Duration> drainTimeout) {
        this.engine = engine;
        this.config = config;
        this.drainTimeout = drainTimeout;
        this.http = config.http();
    }

    /** Whether requests are taken to come from where {@code Forwarded} and {@code X-Forwarded-*} say. */
    public void setUseForwardHeaders(boolean newUseForwardHeaders) {
        useForwardHeaders = newUseForwardHeaders;
    }

    /** What one client may take, and what its responses carry. */
    public HttpConfig getHttp() {
        return http;
    }

    /** Puts other limits and timeouts in place; the server's header and compression are set as those of any server. */
    public void setHttp(HttpConfig newHttp) {
        http = newHttp;
    }

    @Override
    public ShardWebServer getWebServer(HttpHandler handler) {
        ShardHttpHandlerAdapter adapter = new ShardHttpHandlerAdapter(handler,
                useForwardHeaders ? new ForwardedHeaderTransformer() : null);
        ServerConfig server = serverConfig();
        return new ShardWebServer(engine, NAME, server, new HttpProtocol(adapter, server), getShutdown(), drainTimeout);
    }

    private ServerConfig serverConfig() {
        InetAddress address = getAddress();
        ServerConfig server = ServerConfig.of("http", getPort())
                .withHost(address == null ? "0.0.0.0" : address.getHostAddress()).withGroup(config.group())
                .withBacklog(config.backlog()).withHttp(responses(http));
        return server.withLimits(server.limits().withMaxConnections(config.maxConnections()));
    }

    /** What {@code server.*} says holds; where it says nothing, {@code solaster.web.http} does. */
    private HttpConfig responses(HttpConfig base) {
        HttpConfig result = getServerHeader() == null ? base : base.withServerHeader(getServerHeader());
        Compression compression = getCompression();
        return compression == null || !compression.getEnabled()
                ? result
                : result.withCompression(new CompressionConfig(true,
                        new ByteSize(Math.max(0, compression.getMinResponseSize().toBytes())),
                        result.compression().level(), String.join(",", compression.getAllMimeTypes())));
    }
}
