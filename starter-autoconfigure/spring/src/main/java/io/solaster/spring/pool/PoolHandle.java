package io.solaster.spring.pool;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Connector;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolStats;
import io.solaster.pool.Resolver;
import io.solaster.pool.Upstream;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.resp.RespClient;
import org.jspecify.annotations.Nullable;

/** One pool that runs: its connections, its endpoints, and the client of its protocol. Any thread. */
public final class PoolHandle {
    private final ConnectionPool<?> pool;
    private final Object client;
    private final Supplier<List<RequestStats>> calls;
    private final Connection connection;
    /** Of RESP: those that are had alone. */
    private final @Nullable ConnectionPool<?> exclusive;

    PoolHandle(ConnectionPool<?> pool, Object client, Supplier<List<RequestStats>> calls, Connection connection) {
        this(pool, client, calls, connection, null);
    }

    PoolHandle(ConnectionPool<?> pool, Object client, Supplier<List<RequestStats>> calls, Connection connection,
            @Nullable ConnectionPool<?> exclusive) {
        this.pool = pool;
        this.client = client;
        this.calls = calls;
        this.connection = connection;
        this.exclusive = exclusive;
    }

    /** The key below {@code solaster.pools}. */
    public String name() {
        return pool.name();
    }

    /** Its connections; of RESP those that requests share. */
    public ConnectionPool<?> pool() {
        return pool;
    }

    /** What each shard counts of its connections, by the shards' numbers; of RESP twice: those had alone come behind. */
    public List<PoolStats> connections() {
        return exclusive == null
                ? pool.stats()
                : Stream.concat(pool.stats().stream(), exclusive.stats().stream()).toList();
    }

    /** The most connections of the process. */
    public int maxConnections() {
        return pool.config().connections().max()
                + (exclusive == null ? 0 : exclusive.config().connections().max());
    }

    /** Its endpoints. */
    public Upstream upstream() {
        return pool.upstream();
    }

    /** What is in force. */
    public PoolConfig config() {
        return pool.config();
    }

    /** The client of its protocol: {@code PooledHttpClient}, {@code RespClient} or {@code FramedClient}. */
    public Object client() {
        return client;
    }

    /** What its requests have come to, by shard. */
    public List<RequestStats> calls() {
        return calls.get();
    }

    /** Requests that are under way or wait, roughly. */
    long busy() {
        return pool.stats().stream().mapToLong(shard -> shard.active.get() + shard.pending.get()).sum()
                // Subscriptions have connections of their own, too, and never end by themselves.
                + (client instanceof RespClient redis ? redis.aloneUnderWay() : 0);
    }

    CompletableFuture<?> reconfigure(PoolConfig config) {
        connection.configure(config);
        CompletableFuture<?> done = pool.reconfigure(config);
        return exclusive == null
                ? done
                : CompletableFuture.allOf(done,
                        exclusive.reconfigure(alone(config, exclusive.config().connections().max())));
    }

    /** What holds for connections that are had alone: only how many there are is their own. */
    static PoolConfig alone(PoolConfig config, int max) {
        return config.withConnections(config.connections().withBounds(max, max, max).withMinIdle(0, Duration.ZERO));
    }

    /** Replaces connections that were made with what is no longer good. */
    void renew() {
        pool.renew();
        if (exclusive != null) {
            exclusive.renew();
        }
    }

    void close() {
        try {
            if (exclusive != null) {
                exclusive.close();
            }
            pool.close();
        } finally {
            upstream().close();
        }
    }

    /** Connects as the configuration says that is in force. */
    static final class Connection implements Connector {
        private final Engine engine;
        private final Resolver resolver;
        private final @Nullable Supplier<SslContext> tls;
        private volatile Connector current;

        Connection(Engine engine, PoolConfig config, Resolver resolver, @Nullable Supplier<SslContext> tls) {
            this.engine = engine;
            this.resolver = resolver;
            this.tls = tls;
            this.current = Connectors.of(engine, config, resolver, tls);
        }

        @Override
        public ShardFuture<Channel> connect(Endpoint endpoint, Duration timeout) {
            return current.connect(endpoint, timeout);
        }

        void configure(PoolConfig config) {
            current = Connectors.of(engine, config, resolver, tls);
        }
    }
}
