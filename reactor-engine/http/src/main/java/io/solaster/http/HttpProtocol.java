package io.solaster.http;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.Channel;
import io.solaster.config.LimitsConfig;
import io.solaster.config.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.RequestStats;

/** Serves HTTP/1.1 and 1.0 to a {@link io.solaster.engine.net.TcpServer}'s connections: one instance per server. */
public final class HttpProtocol implements ConnectionHandler {
    private static final byte[] MAX_CONNECTIONS = """
            HTTP/1.1 503 Service Unavailable
            Content-Type: text/plain;charset=UTF-8
            Content-Length: 21
            Retry-After: 1
            Connection: close

            too many connections
            """.replace("\n", "\r\n").replace("connections\r", "connections").getBytes(StandardCharsets.US_ASCII);

    private final HttpHandler handler;
    private final ConcurrentHashMap<Shard, HttpShard> shards = new ConcurrentHashMap<>();
    private volatile ServerConfig config;
    private volatile HttpLimits limits;

    /**
     * Serves this handler.
     *
     * @param handler called on the shard that owns the connection, for each request
     * @param config what the server goes by
     */
    public HttpProtocol(HttpHandler handler, ServerConfig config) {
        this.handler = handler;
        this.config = config;
        this.limits = HttpLimits.DEFAULT;
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        HttpShard part = shards.computeIfAbsent(shard, each -> new HttpShard(this, each));
        channel.config().setRecvByteBufAllocator(part.reads(config.limits().bytesPerTurn().intBytes()));
        channel.pipeline().addLast(new HttpConnection(part, RequestStats.of(channel)));
    }

    @Override
    public byte[] refusal() {
        return MAX_CONNECTIONS;
    }

    @Override
    public void reconfigured(Shard shard, ServerConfig changed) {
        if (shard.id() == 0) {
            config = changed;
        }
    }

    @Override
    public int maxConnections(int configured) {
        return config.limits().maxConnections();
    }

    HttpHandler handler() {
        return handler;
    }

    HttpLimits limits() {
        return limits;
    }

    LimitsConfig serverLimits() {
        return config.limits();
    }
}
