package io.solaster.spring.pool;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.solaster.config.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Connector;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Resolver;
import io.solaster.pool.call.CallStats;
import io.solaster.pool.upstream.Upstream;
import org.jspecify.annotations.Nullable;

/** One pool that runs: its connections, its endpoints, and the client of its protocol. Any thread. */
public final class PoolHandle {
    private final ConnectionPool<?> pool;
    private final Object client;
    private final Supplier<List<CallStats>> calls;
    private final Connection connection;

    PoolHandle(ConnectionPool<?> pool, Object client, Supplier<List<CallStats>> calls, Connection connection) {
        this.pool = pool;
        this.client = client;
        this.calls = calls;
        this.connection = connection;
    }

    /** The key below {@code solaster.pools}. */
    public String name() {
        return pool.name();
    }

    /** Its connections. */
    public ConnectionPool<?> pool() {
        return pool;
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
    public List<CallStats> calls() {
        return calls.get();
    }

    /** Requests that are under way or wait, roughly. */
    long busy() {
        return pool.stats().stream().mapToLong(shard -> shard.active.get() + shard.pending.get()).sum();
    }

    CompletableFuture<?> reconfigure(PoolConfig config) {
        connection.configure(config);
        return pool.reconfigure(config);
    }

    /** Replaces connections that were made with what is no longer good. */
    void renew() {
        pool.renew();
    }

    void close() {
        try {
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
            this.current = Connector.of(engine, config, resolver, tls);
        }

        @Override
        public ShardFuture<Channel> connect(Endpoint endpoint, java.time.Duration timeout) {
            return current.connect(endpoint, timeout);
        }

        void configure(PoolConfig config) {
            current = Connector.of(engine, config, resolver, tls);
        }
    }
}
