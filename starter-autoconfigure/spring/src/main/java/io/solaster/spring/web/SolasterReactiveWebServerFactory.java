package io.solaster.spring.web;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

import io.solaster.config.WebConfig;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.Tls;
import io.solaster.http.ExchangeListener;
import io.solaster.http.server.HttpProtocol;
import io.solaster.spring.HttpServerListener;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.ServerTls;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.web.server.Compression;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerException;
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
    private List<HttpServerListener> listeners = List.of();
    private @Nullable ServerLifecycle servers;

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

    /** What sees every exchange, on the shard that serves it: for an access log. */
    public void setListeners(List<HttpServerListener> newListeners) {
        listeners = List.copyOf(newListeners);
    }

    /** Where its server is shown beside those of the engine, for health, meters and endpoints; null for nowhere. */
    public void setServers(@Nullable ServerLifecycle newServers) {
        servers = newServers;
    }

    @Override
    public ShardWebServer getWebServer(HttpHandler handler) {
        ShardHttpHandlerAdapter adapter = new ShardHttpHandlerAdapter(handler, engine.offload(),
                engine.shards().size(), useForwardHeaders ? new ForwardedHeaderTransformer() : null);
        ServerConfig server = serverConfig();
        HttpProtocol http = new HttpProtocol(adapter, server, listeners.stream()
                .map(each -> each.of(NAME, adapter)).filter(Objects::nonNull).reduce(ExchangeListener::both)
                .orElse(null));
        listeners.forEach(each -> each.serves(NAME, http));
        ConnectionHandler protocol = server.sslBundle() == null ? http : encrypted(server, http);
        ShardWebServer web = new ShardWebServer(engine, NAME, server, protocol, server.sslBundle() != null,
                getShutdown(), drainTimeout);
        if (servers != null) {
            servers.show(NAME, server, web::server);
        }
        return web;
    }

    private Tls encrypted(ServerConfig server, HttpProtocol http) {
        Ssl ssl = Objects.requireNonNull(getSsl());
        SslBundles bundles = getSslBundles();
        Map<String, SslBundle> named = new LinkedHashMap<>();
        try {
            server.tls().serverNames().keySet().forEach(
                    name -> named.put(name, ServerTls.bundle("solaster.web.tls.server-names", name, bundles)));
            named.put(String.valueOf(server.sslBundle()), getSslBundle());
            return ServerTls.over("server.ssl", server, http, named, bundles, engine);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new WebServerException("server.ssl: " + e.getMessage() + (ssl.getBundle() == null
                    ? "; mend server.ssl.*"
                    : "; mend spring.ssl.bundle.*." + ssl.getBundle()), e);
        }
    }

    /** What {@code server.ssl} says, in the words of a server's configuration. */
    private ServerConfig withTls(ServerConfig server) {
        Ssl ssl = getSsl();
        if (!Ssl.isEnabled(ssl)) {
            return server;
        }
        Map<String, String> names = new LinkedHashMap<>(config.tls().serverNames());
        ssl.getServerNameBundles().forEach(
                each -> names.merge(each.bundle(), each.serverName(), (known, more) -> known + "," + more));
        String bundle = ssl.getBundle();
        return server.withSslBundle(bundle == null || bundle.isEmpty() ? "server.ssl" : bundle)
                .withTls(config.tls().withServerNames(names))
                .withClientAuth(Ssl.ClientAuth.map(ssl.getClientAuth(), ServerConfig.ClientAuth.NONE,
                        ServerConfig.ClientAuth.WANT, ServerConfig.ClientAuth.NEED));
    }

    private ServerConfig serverConfig() {
        InetAddress address = getAddress();
        ServerConfig server = ServerConfig.of("http", getPort())
                .withHost(address == null ? "0.0.0.0" : address.getHostAddress()).withGroup(config.group())
                .withBacklog(config.backlog()).withShardPorts(config.shardPorts())
                .withDistribution(config.distribution()).withSocket(config.socket()).withHttp(responses(http));
        return withTls(server.withLimits(server.limits().withMaxConnections(config.maxConnections())));
    }

    /** What {@code server.*} says holds; where it says nothing, {@code solaster.web.http} does. */
    private HttpConfig responses(HttpConfig base) {
        HttpConfig result = getServerHeader() == null ? base : base.withServerHeader(getServerHeader());
        // Off unless server.http2.enabled says otherwise, as with Spring Boot's other servers.
        Http2Config http2 = result.http2();
        result = result.withHttp2(http2.withEnabled(http2.enabled() && getHttp2() != null && getHttp2().isEnabled()));
        Compression compression = getCompression();
        return compression == null || !compression.getEnabled()
                ? result
                : result.withCompression(new CompressionConfig(true,
                        new ByteSize(Math.max(0, compression.getMinResponseSize().toBytes())),
                        result.compression().level(), result.compression().encodings(),
                        String.join(",", compression.getAllMimeTypes())));
    }
}
