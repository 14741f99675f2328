package io.solaster.engine.net;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.engine.Offload;
import io.solaster.engine.Shard;
import io.solaster.engine.tls.HandshakeStats;
import io.solaster.engine.tls.TlsContexts;
import io.solaster.engine.tls.TlsHandlers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Encrypts the connections of any protocol. The protocol hears of a connection once its client has said hello; its handlers
 * see what is decrypted, behind an {@link SslHandler} that they find in the pipeline. Encryption runs on the shard that owns the
 * connection. A shard begins a bounded number of handshakes in a turn, and has a bounded number under way. A client gets one
 * handshake: one that asks for another on the same connection (TLS 1.2's renegotiation) is closed. Handshakes that fail are told
 * of once a minute and kind, since clients can have as many of those as they like.
 */
public final class Tls implements ConnectionHandler {
    private static final Logger log = LoggerFactory.getLogger(Tls.class);

    private final TlsHandlers handlers;
    private final Executor tasks;
    private final ConnectionHandler protocol;
    private final ConcurrentHashMap<Shard, Handshakes> shards = new ConcurrentHashMap<>();
    private final Failures failures = new Failures();
    private final QuietLog renegotiations = new QuietLog(log, Level.WARN);
    private final QuietLog refused = new QuietLog(log, Level.WARN);
    private final QuietLog timeouts = new QuietLog(log, Level.INFO);
    private final QuietLog failed = new QuietLog(log, Level.INFO);
    private final QuietLog errors = new QuietLog(log, Level.ERROR);
    private volatile TlsConfig config;

    private Tls(TlsHandlers handlers, TlsConfig config, Executor tasks, ConnectionHandler protocol) {
        this.handlers = handlers;
        this.config = config;
        this.tasks = tasks;
        this.protocol = protocol;
    }

    /**
     * Encrypts a protocol's connections with a context of one's own, and the limits that an empty configuration gives.
     *
     * @param contexts asked on a shard for each new connection, so that certificates can change while the server runs:
     *            it returns a context that is there already
     * @param offload runs a handshake's arithmetic, which takes a millisecond or more, as
     *            {@link Offload.Purpose#HANDSHAKES}
     * @param protocol what is spoken inside
     */
    public static ConnectionHandler over(Supplier<SslContext> contexts, Offload offload,
            ConnectionHandler protocol) {
        return over((hello, allocator, tasks) -> contexts.get().newHandler(allocator, tasks), TlsConfig.defaults(),
                offload, protocol);
    }

    /**
     * Encrypts a protocol's connections.
     *
     * @param handlers as a rule {@link TlsContexts}
     * @param config what the server's {@code tls} says
     * @param offload runs what takes a handshake long, as {@link Offload.Purpose#HANDSHAKES}
     * @param protocol what is spoken inside
     */
    public static Tls over(TlsHandlers handlers, TlsConfig config, Offload offload, ConnectionHandler protocol) {
        return new Tls(handlers, config, offload.handshakes(), protocol);
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        channel.pipeline().addLast(new HelloGate(this, shards.computeIfAbsent(shard,
                each -> new Handshakes(each, config))));
    }

    TlsHandlers handlers() {
        return handlers;
    }

    Executor tasks() {
        return tasks;
    }

    ConnectionHandler protocol() {
        return protocol;
    }

    ChannelHandler failures() {
        return failures;
    }

    @Override
    public Tls tls() {
        return this;
    }

    /** What is in force for which names; null where the contexts are one's own. Any thread. */
    public @Nullable TlsContexts contexts() {
        return handlers instanceof TlsContexts known ? known : null;
    }

    /** What each shard counts that has had a connection. Any thread. */
    public Map<Shard, HandshakeStats> stats() {
        Map<Shard, HandshakeStats> stats = new HashMap<>();
        shards.forEach((shard, each) -> stats.put(shard, each.stats()));
        return stats;
    }

    @Override
    public ApplicationProtocolConfig applicationProtocols() {
        return protocol.applicationProtocols();
    }

    /** Nothing: before the handshake a client would take no answer. */
    @Override
    public byte[] refusal() {
        return new byte[0];
    }

    @Override
    public void reconfigured(Shard shard, ServerConfig changed) {
        config = changed.tls();
        Handshakes known = shards.get(shard);
        if (known != null) {
            known.configure(changed.tls());
        }
        protocol.reconfigured(shard, changed);
    }

    @Override
    public int maxConnections(int configured) {
        return protocol.maxConnections(configured);
    }

    /**
     * Ends the output of a connection that may be encrypted: over TLS there is a word for the end, which the client must have
     * before that of TCP, or it could not tell the end from a connection that was cut.
     *
     * @param last the last that was written and flushed
     * @return done once TCP's end may follow. On the owning shard
     */
    public static ChannelFuture endOutput(Channel channel, ChannelFuture last) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls == null ? last : tls.closeOutbound();
    }

    void tellTimeout(Channel channel, String what) {
        timeouts.tell("{} is closed: its handshake has taken longer than tls.handshake-timeout: {}", channel, what);
    }

    void tellFailure(Channel channel, @Nullable String what) {
        failed.tell("{} is closed: {}", channel, what);
    }

    void tellRefusal(Channel channel, @Nullable String why) {
        refused.tell("{} is closed: its handshake was refused: {}", channel, why);
    }

    void tellError(Channel channel, Throwable failure) {
        errors.tell("{} is closed: its handshake, or its protocol, could not begin", channel, failure);
    }

    private static boolean isEncrypted(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return tls != null && tls.handshakeFuture().isSuccess();
    }

    /** Closes connections whose encryption has failed; the protocol hears of that as of any other end. */
    @ChannelHandler.Sharable
    private final class Failures extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            Throwable cause = failure instanceof DecoderException && failure.getCause() != null
                    ? failure.getCause()
                    : failure;
            if (cause instanceof OneHandshake.FailedAlready && cause.getCause() != null) {
                cause = cause.getCause();
            }
            if (cause instanceof OneHandshake.Renegotiation) {
                renegotiations.tell("{} is closed: {}", context.channel(), cause.getMessage());
            } else if (cause instanceof RejectedExecutionException) {
                tellRefusal(context.channel(), cause.getMessage());
            } else if (cause instanceof SSLException) {
                tellFailure(context.channel(), cause.getMessage());
            } else if (cause instanceof IOException && !isEncrypted(context.channel())) {
                // The client has gone on the way: nobody's fault.
                log.debug("{} is closed: {}", context.channel(), cause.getMessage());
            } else {
                context.fireExceptionCaught(failure);
                return;
            }
            context.close();
        }
    }
}
