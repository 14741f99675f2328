package io.solaster.engine.net;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.tls.HandshakeStats;
import io.solaster.engine.tls.Resumption;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of one connection: runs its arithmetic, and counts what becomes of it. What a client asks for beyond the first
 * one is refused. On the owning shard.
 */
final class OneHandshake implements Executor, FutureListener<Channel> {
    private final Executor threads;
    private final Handshakes handshakes;
    private final Channel channel;
    private final @Nullable ScheduledFuture<?> timer;
    private final long begun;
    private @Nullable SslHandler handler;
    private boolean timedOut;

    /** @param timer cancelled when it is done */
    OneHandshake(Executor threads, Handshakes handshakes, Channel channel, @Nullable ScheduledFuture<?> timer) {
        this.threads = threads;
        this.handshakes = handshakes;
        this.channel = channel;
        this.timer = timer;
        this.begun = handshakes.shard().environment().wallClock().millis();
    }

    void begins(SslHandler newHandler) {
        handler = newHandler;
        // One time holds from the first moment on.
        newHandler.setHandshakeTimeoutMillis(0);
        newHandler.handshakeFuture().addListener(this);
    }

    /** Its time is over; false if it was done before. */
    boolean timeOut() {
        SslHandler of = handler;
        if (of == null || of.handshakeFuture().isDone()) {
            return false;
        }
        timedOut = true;
        handshakes.stats().timedOut.increment();
        channel.close();
        return true;
    }

    @Override
    public void execute(Runnable work) {
        Future<Channel> first = handler == null ? null : handler.handshakeFuture();
        if (first != null && first.isDone()) {
            // One that was refused, or has failed, goes on for a step or two before it is closed.
            throw first.isSuccess() ? new Renegotiation() : new FailedAlready(first.cause());
        }
        threads.execute(work);
    }

    @Override
    public void operationComplete(Future<Channel> done) {
        if (timer != null) {
            timer.cancel(false);
        }
        handshakes.leave();
        HandshakeStats stats = handshakes.stats();
        if (done.isSuccess()) {
            stats.succeeded.increment();
            if (handler != null && Resumption.isResumed(handler, begun)) {
                stats.resumed.increment();
            }
        } else if (!timedOut) {
            count(stats, done.cause());
        }
    }

    private static void count(HandshakeStats stats, Throwable cause) {
        if (isOf(cause, RejectedExecutionException.class)) {
            stats.refused.increment();
        } else if (isOf(cause, SSLException.class) && !isOf(cause, IOException.class)) {
            stats.failed.increment();
        } else {
            stats.aborted.increment();
        }
    }

    /** Whether it, or what it was brought about by, is of a kind; an SSLException counts as no IOException. */
    private static boolean isOf(Throwable failure, Class<? extends Throwable> kind) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            boolean ssl = each instanceof SSLException;
            if (kind == IOException.class ? each instanceof IOException && !ssl : kind.isInstance(each)) {
                return true;
            }
        }
        return false;
    }

    /** A client has asked for another handshake. */
    static final class Renegotiation extends RejectedExecutionException {
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
    static final class FailedAlready extends RejectedExecutionException {
        private static final long serialVersionUID = 1;

        FailedAlready(Throwable failure) {
            super(failure);
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
