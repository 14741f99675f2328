package io.solaster.http.server;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.RequestStats;
import io.solaster.http.ExchangeListener;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpStats;
import io.solaster.http.encoding.ContentEncoding;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.http1.HeadDecoder;
import io.solaster.http.http1.HttpConnection;
import io.solaster.http.http2.Http2RequestHead;
import io.solaster.http.log.AccessLogWriter;
import org.jspecify.annotations.Nullable;

/** Serves HTTP/2, 1.1 and 1.0 to a {@link io.solaster.engine.net.TcpServer}'s connections: one instance per server. */
public final class HttpProtocol implements ConnectionHandler {
    private static final byte[] MAX_CONNECTIONS = """
            HTTP/1.1 503 Service Unavailable
            Content-Type: text/plain;charset=UTF-8
            Content-Length: 21
            Retry-After: 1
            Connection: close

            too many connections
            """.replace("\n", "\r\n").replace("connections\r", "connections").getBytes(StandardCharsets.US_ASCII);

    /**
     * What a TLS context of such a server agrees on with its clients: HTTP/2, or else HTTP/1.1. A client that offers neither
     * is refused, with the JDK's TLS (RFC 7301, 3.2: {@code no_application_protocol}; OpenSSL's binding cannot).
     */
    public static final ApplicationProtocolConfig APPLICATION_PROTOCOLS = protocols(ApplicationProtocolNames.HTTP_2,
            ApplicationProtocolNames.HTTP_1_1);
    /** The same where HTTP/2 is switched off. */
    public static final ApplicationProtocolConfig HTTP_1_ONLY = protocols(ApplicationProtocolNames.HTTP_1_1);

    private final HttpHandler handler;
    private final @Nullable ExchangeListener listener;
    private final ConcurrentHashMap<Shard, HttpShard> shards = new ConcurrentHashMap<>();
    private @Nullable AccessLogWriter accessLogs;
    private volatile ServerConfig config;

    private static ApplicationProtocolConfig protocols(String... names) {
        return new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
                SslContext.defaultServerProvider() == SslProvider.JDK
                        ? ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT
                        : ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT, names);
    }

    /**
     * Serves this handler.
     *
     * @param handler called on the shard that owns the connection, for each request
     * @param config what the server goes by
     */
    public HttpProtocol(HttpHandler handler, ServerConfig config) {
        this(handler, config, null);
    }

    /**
     * Serves this handler, and lets a listener see every exchange.
     *
     * @param listener null for none, which costs nothing
     */
    public HttpProtocol(HttpHandler handler, ServerConfig config, @Nullable ExchangeListener listener) {
        this.handler = handler;
        this.config = config;
        this.listener = listener;
        if (config.http().compression().enabled()) {
            ContentEncoding.load(config.http().compression().encodings());
        }
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        RequestStats requests = RequestStats.of(channel);
        HttpShard part = shards.computeIfAbsent(shard, each -> new HttpShard(each, handler, listener,
                accessLogs(requests.server(), each), config, HeadDecoder::new, Http2RequestHead::new));
        channel.config().setRecvByteBufAllocator(part.reads());
        if (part.config().http().halfClose() && channel.pipeline().get(SslHandler.class) == null) {
            channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
        UnsentLimit.on(channel);
        channel.pipeline().addLast(new HttpConnection(part, requests));
    }

    /** One for all shards, since they log in turn. */
    private synchronized AccessLogWriter accessLogs(String server, Shard shard) {
        AccessLogWriter writer = accessLogs;
        if (writer == null) {
            writer = new AccessLogWriter(server, shard.offload(), shard.environment().clock());
            accessLogs = writer;
        }
        return writer;
    }

    @Override
    public ApplicationProtocolConfig applicationProtocols() {
        return config.http().http2().enabled() ? APPLICATION_PROTOCOLS : HTTP_1_ONLY;
    }

    @Override
    public byte[] refusal() {
        return MAX_CONNECTIONS;
    }

    @Override
    public void reconfigured(Shard shard, ServerConfig changed) {
        config = changed;
        HttpShard part = shards.get(shard);
        if (part != null) {
            part.configure(changed);
        }
    }

    @Override
    public int maxConnections(int configured) {
        return config.limits().maxConnections();
    }

    /** What each shard counts that has served a connection. Any thread. */
    public Map<Shard, HttpStats> stats() {
        Map<Shard, HttpStats> stats = new HashMap<>();
        shards.forEach((shard, part) -> stats.put(shard, part.stats()));
        return stats;
    }
}
