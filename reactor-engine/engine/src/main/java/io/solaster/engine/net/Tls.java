package io.solaster.engine.net;

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
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Offload;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Encrypts the connections of any protocol: its handlers see what is decrypted, behind an {@link SslHandler} that they
 * find in the pipeline. Encryption runs on the shard that owns the connection. A client gets one handshake: one that asks
 * for another on the same connection (TLS 1.2's renegotiation) is closed. Handshakes that fail are told of once a minute and
 * kind, since clients can have as many of those as they like.
 */
public final class Tls implements ConnectionHandler {
    private final Supplier<SslContext> contexts;
    private final Offload offload;
    private final ConnectionHandler protocol;
    private final Failures failures = new Failures();

    private Tls(Supplier<SslContext> contexts, Offload offload, ConnectionHandler protocol) {
        this.contexts = contexts;
        this.offload = offload;
        this.protocol = protocol;
    }

    /**
     * Encrypts a protocol's connections.
     *
     * @param contexts asked on a shard for each new connection, so that certificates can change while the server runs:
     *            it returns a context that is there already
     * @param offload runs a handshake's arithmetic, which takes a millisecond or more, as
     *            {@link Offload.Purpose#HANDSHAKES}
     * @param protocol what is spoken inside
     */
    public static ConnectionHandler over(Supplier<SslContext> contexts, Offload offload,
            ConnectionHandler protocol) {
        return new Tls(contexts, offload, protocol);
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        OneHandshake once = new OneHandshake(offload.handshakes());
        SslHandler handler = contexts.get().newHandler(channel.alloc(), once);
        once.of = handler.handshakeFuture();
        channel.pipeline().addLast(handler, failures);
        protocol.connected(shard, channel);
    }

    /** Nothing: before the handshake a client would take no answer. */
    @Override
    public byte[] refusal() {
        return new byte[0];
    }

    @Override
    public void reconfigured(Shard shard, ServerConfig config) {
        protocol.reconfigured(shard, config);
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

    /** Runs the arithmetic of one connection's handshake, the first; what a client asks for beyond it is refused. */
    private static final class OneHandshake implements Executor {
        private final Executor threads;
        private @Nullable Future<Channel> of;

        OneHandshake(Executor threads) {
            this.threads = threads;
        }

        @Override
        public void execute(Runnable work) {
            Future<Channel> first = of;
            if (first != null && first.isDone()) {
                // One that was refused, or has failed, goes on for a step or two before it is closed.
                throw first.isSuccess() ? new Renegotiation() : new FailedAlready(first.cause());
            }
            threads.execute(work);
        }
    }

    /** A client has asked for another handshake. */
    private static final class Renegotiation extends RejectedExecutionException {
        private static final long serialVersionUID = 1;

        Renegotiation() {
            super("a client asked for another handshake on its connection");
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }

    /** A handshake has failed, and there is nothing more to work out. */
    private static final class FailedAlready extends RejectedExecutionException {
        private static final long serialVersionUID = 1;

        FailedAlready(Throwable failure) {
            super(failure);
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }

    /** Closes connections whose encryption has failed; the protocol hears of that as of any other end. */
    @ChannelHandler.Sharable
    private static final class Failures extends ChannelInboundHandlerAdapter {
        private static final Logger log = LoggerFactory.getLogger(Tls.class);

        private final QuietLog renegotiations = new QuietLog(log, Level.WARN);
        private final QuietLog tooMany = new QuietLog(log, Level.WARN);
        private final QuietLog failed = new QuietLog(log, Level.INFO);

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            Throwable cause = failure instanceof DecoderException && failure.getCause() != null
                    ? failure.getCause()
                    : failure;
            if (cause instanceof FailedAlready && cause.getCause() != null) {
                cause = cause.getCause();
            }
            if (cause instanceof Renegotiation) {
                renegotiations.tell("{} is closed: {}", context.channel(), cause.getMessage());
            } else if (cause instanceof RejectedExecutionException) {
                tooMany.tell("{} is closed: its handshake was refused: {}", context.channel(), cause.getMessage());
            } else if (cause instanceof SSLException) {
                failed.tell("{} is closed: {}", context.channel(), cause.getMessage());
            } else {
                context.fireExceptionCaught(failure);
                return;
            }
            context.close();
        }
    }
}
