package io.solaster.pool.connect;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.ProxyHandler;
import io.netty.handler.proxy.Socks4ProxyHandler;
import io.netty.handler.proxy.Socks5ProxyHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.ProxyConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.transport.TcpOptions;
import io.solaster.pool.Connector;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Resolver;
import org.jspecify.annotations.Nullable;

/**
 * Connects over TCP. Where a host has several addresses, the next one is tried 250 ms after the one before, or at once
 * where that has failed, families taking turns; the first that connects wins (Happy Eyeballs, RFC 8305). To a Unix domain socket it
 * connects at once.
 */
final class TcpConnector implements Connector {
    private static final long ATTEMPT_DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Engine engine;
    private final ConnectionsConfig connections;
    private final TcpOptions options;
    private final SslConfig ssl;
    private final ProxyConfig proxy;
    private final boolean http2;
    private final ServerName serverName;
    private final @Nullable Endpoint proxyEndpoint;
    private final Resolver resolver;
    private final @Nullable Supplier<SslContext> tls;

    /** As {@link Connectors#of}. */
    TcpConnector(Engine engine, PoolConfig config, Resolver resolver, @Nullable Supplier<SslContext> tls) {
        this.engine = engine;
        this.connections = config.connections();
        this.options = TcpOptions.of(engine.transport().kind());
        this.ssl = config.ssl();
        this.proxy = config.proxy();
        this.http2 = config.protocol() == PoolConfig.Protocol.HTTP
                && config.http().version() == PoolHttpConfig.Version.HTTP_2;
        this.serverName = ServerName.of(config);
        this.resolver = resolver;
        this.tls = tls;
        if (ssl.isUsed() && tls == null) {
            throw new IllegalArgumentException("ssl is used, and there is no SslContext for it; give one");
        }
        this.proxyEndpoint = proxy.type() == ProxyConfig.Type.NONE ? null : proxyEndpoint(proxy);
    }

    private static Endpoint proxyEndpoint(ProxyConfig proxy) {
        if (proxy.address() == null) {
            throw new IllegalArgumentException("proxy.type is " + proxy.type() + ", and there is no proxy.address");
        }
        return Endpoint.of(EndpointConfig.valueOf(proxy.address()));
    }

    @Override
    public ShardFuture<Channel> connect(Endpoint endpoint, Duration timeout) {
        Shard shard = Shard.current();
        if (shard == null) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName()
                    + " is no shard; connect from one");
        }
        Attempts attempts = new Attempts(shard, endpoint, timeout);
        attempts.begin();
        return attempts.result;
    }

    /** The way to one connection: the attempts over its addresses. On its shard. */
    private final class Attempts extends Timer implements ShardFuture.Source {
        private final Shard shard;
        private final Endpoint endpoint;
        /** Whom TCP connects to. */
        private final Endpoint next;
        private final Duration timeout;
        private final ShardFuture<Channel> result;
        private final Queue<InetAddress> addresses = new ArrayDeque<>();
        private final List<Channel> open = new ArrayList<>();
        private final Timer nextAttempt;
        private @Nullable Throwable failure;

        Attempts(Shard shard, Endpoint endpoint, Duration timeout) {
            super(shard.timers());
            this.shard = shard;
            this.endpoint = endpoint;
            this.next = proxyEndpoint != null ? proxyEndpoint : endpoint;
            this.timeout = timeout;
            this.result = shard.newFuture(this);
            this.nextAttempt = shard.timers().timer(this::attempt);
        }

        void begin() {
            arm(timeout);
            if (endpoint.isUnix()) {
                connectHere();
                return;
            }
            resolver.resolve(next.host()).whenComplete((found, cause) -> {
                if (cause != null) {
                    fail(cause);
                } else if (!result.isDone()) {
                    addresses.addAll(interleaved(found));
                    attempt();
                }
            });
        }

        private void attempt() {
            InetAddress address = addresses.poll();
            if (address == null || result.isDone()) {
                return;
            }
            if (!addresses.isEmpty()) {
                nextAttempt.arm(ATTEMPT_DELAY_NANOS);
            }
            InetSocketAddress hop = new InetSocketAddress(address, next.port());
            InetSocketAddress end = proxyEndpoint == null
                    ? hop
                    : InetSocketAddress.createUnresolved(endpoint.host(), endpoint.port());
            connect(() -> engine.transport().clientChannels().get(), end, hop);
        }

        /** To a Unix domain socket, which has no addresses to choose from, and is behind no proxy. */
        private void connectHere() {
            if (proxyEndpoint != null || proxy.proxyProtocol() != ProxyConfig.ProxyProtocol.NONE) {
                fail(new IllegalArgumentException(
                        endpoint + " is a socket of this machine, and behind no proxy: remove the"
                                + " pool's proxy, or give the endpoint a pool of its own"));
                return;
            }
            try {
                SocketAddress end = engine.transport().unixAddress(endpoint.unixName());
                connect(() -> engine.transport().unixClientChannel(), end, null);
            } catch (IllegalArgumentException e) {
                fail(e);
            }
        }

        private void connect(Supplier<Channel> channels, SocketAddress end, @Nullable InetSocketAddress hop) {
            Channel channel;
            try {
                channel = channels.get();
            } catch (RuntimeException e) {
                // Out of file descriptors, most likely.
                attemptFailed(e);
                return;
            }
            open.add(channel);
            try {
                options(channel.config());
                setUp(channel, hop);
            } catch (RuntimeException e) {
                ended(channel, e);
                return;
            }
            shard.register(channel).addListener(registered -> {
                if (registered.isSuccess()) {
                    channel.connect(end).addListener(done -> connected(channel, done));
                } else {
                    ended(channel, registered.cause());
                }
            });
        }

        private void options(ChannelConfig config) {
            // The timer of all attempts is the one that counts.
            config.setConnectTimeoutMillis(0);
            if (next.isUnix()) {
                return;
            }
            config.setOption(ChannelOption.TCP_NODELAY, true);
            boolean keepAlive = !connections.keepAlive().isZero();
            config.setOption(ChannelOption.SO_KEEPALIVE, keepAlive);
            if (keepAlive) {
                long seconds = Math.max(1, connections.keepAlive().toSeconds());
                // Three questions, a third of that apart.
                options.keepAlive(config, seconds, Math.max(1, seconds / 3), 3);
            }
            options.userTimeout(config, connections.userTimeout().toMillis());
        }

        private void setUp(Channel channel, @Nullable InetSocketAddress hop) {
            if (proxyEndpoint != null && hop != null) {
                ProxyHandler handler = proxyHandler(hop);
                handler.setConnectTimeoutMillis(0);
                channel.pipeline().addLast(handler);
            }
            if (proxy.proxyProtocol() != ProxyConfig.ProxyProtocol.NONE) {
                channel.pipeline().addLast(new ProxyProtocolSender(proxy.proxyProtocol()));
            }
            if (ssl.isUsed() && tls != null) {
                channel.pipeline().addLast(tlsHandler(tls.get(), channel));
            }
            channel.pipeline().addLast(Told.INSTANCE);
        }

        private SslHandler tlsHandler(SslContext context, Channel channel) {
            String name = ssl.serverName() == null ? serverName.host(endpoint) : ssl.serverName();
            // A handshake's arithmetic takes a millisecond or more: not on the shard.
            SslHandler handler = context.newHandler(channel.alloc(), name, endpoint.port(),
                    engine.offload().handshakes());
            handler.setHandshakeTimeoutMillis(0);
            SSLEngine sslEngine = handler.engine();
            SSLParameters parameters = sslEngine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm(ssl.verifyHostname() ? "HTTPS" : "");
            if (!NetUtil.isValidIpV4Address(name) && !NetUtil.isValidIpV6Address(name)) {
                // The JDK by itself leaves out names without a dot, such as those of services in a cluster.
                parameters.setServerNames(List.of(new SNIHostName(name)));
            }
            if (http2) {
                // The second, so that who does not speak the first can say so.
                parameters.setApplicationProtocols(new String[]{"h2", "http/1.1"});
            }
            sslEngine.setSSLParameters(parameters);
            return handler;
        }

        private ProxyHandler proxyHandler(InetSocketAddress hop) {
            String username = proxy.username();
            String password = proxy.password() == null ? "" : proxy.password();
            return switch (proxy.type()) {
                case HTTP -> username == null
                        ? new HttpProxyHandler(hop)
                        : new HttpProxyHandler(hop, username, password);
                case SOCKS4 -> new Socks4ProxyHandler(hop, username);
                case SOCKS5 -> new Socks5ProxyHandler(hop, username, username == null ? null : password);
                case NONE -> throw new IllegalStateException("there is no proxy");
            };
        }

        /** TCP, and a proxy where there is one, is through; encryption comes next. */
        private void connected(Channel channel, Future<?> done) {
            SslHandler handler = done.isSuccess() ? channel.pipeline().get(SslHandler.class) : null;
            if (handler == null) {
                ended(channel, done.cause());
            } else {
                // Whoever answers TCP has won; to greet several would double what a handshake costs.
                addresses.clear();
                nextAttempt.cancel();
                for (Channel other : List.copyOf(open)) {
                    if (!other.equals(channel)) {
                        other.close();
                    }
                }
                handler.handshakeFuture().addListener(shaken -> ended(channel, shaken.cause()));
            }
        }

        private void ended(Channel channel, @Nullable Throwable cause) {
            open.remove(channel);
            if (result.isDone()) {
                channel.close();
            } else if (cause == null) {
                channel.pipeline().remove(Told.INSTANCE);
                // Not through its group's queue: nobody must come between this and whoever reads.
                boolean taken = result.complete(channel);
                stop();
                if (!taken) {
                    channel.close();
                }
            } else {
                channel.close();
                attemptFailed(cause);
            }
        }

        private void attemptFailed(Throwable cause) {
            failure = failure == null ? cause : failure;
            if (!addresses.isEmpty()) {
                nextAttempt.cancel();
                attempt();
            } else if (open.isEmpty()) {
                fail(failure);
            }
        }

        @Override
        protected void fire() {
            fail(new TimeoutException("no connection to " + endpoint + " within " + timeout
                    + (failure == null ? "" : " (" + failure.getMessage() + ")")));
        }

        @Override
        protected void abandoned() {
            fail(new TimeoutException("shard " + shard.id() + " has stopped"));
        }

        /** Calls {@link #giveUp}. */
        private void fail(Throwable cause) {
            result.completeExceptionally(cause);
        }

        /** Nobody waits any more, or it has failed. */
        @Override
        public void giveUp() {
            shard.hereOrElse(this::stop, () -> {});
        }

        private void stop() {
            cancel();
            nextAttempt.cancel();
            addresses.clear();
            for (Channel channel : List.copyOf(open)) {
                channel.close();
            }
        }
    }

    /** Families take turns, beginning with that of the first address. */
    static List<InetAddress> interleaved(List<InetAddress> addresses) {
        ArrayDeque<InetAddress> first = new ArrayDeque<>();
        ArrayDeque<InetAddress> second = new ArrayDeque<>();
        for (InetAddress address : addresses) {
            (address.getClass() == addresses.getFirst().getClass() ? first : second).add(address);
        }
        List<InetAddress> turns = new ArrayList<>(addresses.size());
        while (!first.isEmpty() || !second.isEmpty()) {
            if (!first.isEmpty()) {
                turns.add(first.poll());
            }
            if (!second.isEmpty()) {
                turns.add(second.poll());
            }
        }
        return turns;
    }

    /** The last handler of a connect: its future tells why it failed, and Netty would log that too, each time, with a stack. */
    @Sharable
    private static final class Told extends ChannelInboundHandlerAdapter {
        static final Told INSTANCE = new Told();

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Whoever connects has it.
        }
    }
}
