package io.solaster.engine.net;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.tls.ClientHello;
import io.solaster.engine.tls.TlsRefusal;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a connection's protocol until the client has said hello, and the shard has a turn for the handshake. Only then
 * is there anything that encrypts, and the protocol hears of a connection that begins: one that says nothing costs little.
 * Nothing more is read while the hello waits. On the owning shard.
 */
final class HelloGate extends SslClientHelloHandler<Boolean> {
    /** Some send a kilobyte or two, with keys that quantum computers would not find. */
    private static final int LONGEST_HELLO = 16 << 10;
    private static final byte ALERT = 21;
    private static final byte FATAL = 2;
    private static final int UNEXPECTED_MESSAGE = 10;

    private final Tls tls;
    private final Handshakes handshakes;
    private @Nullable ChannelHandlerContext context;
    private @Nullable ClientHello hello;
    private @Nullable Promise<Boolean> turn;
    private @Nullable SwitchedReads reads;
    private @Nullable ScheduledFuture<?> timer;
    private @Nullable OneHandshake handshake;
    /** It counts among those under way. */
    private boolean entered;
    /** The protocol has begun, or it is closed and counted. */
    private boolean over;
    private boolean drains;
    private boolean silent = true;

    HelloGate(Tls tls, Handshakes handshakes) {
        super(LONGEST_HELLO);
        this.tls = tls;
        this.handshakes = handshakes;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) throws Exception {
        super.handlerAdded(added);
        context = added;
        handshakes.stats().silent.increment();
        ChannelConfig config = added.channel().config();
        SwitchedReads switched = new SwitchedReads(config.getRecvByteBufAllocator());
        config.setRecvByteBufAllocator(switched);
        reads = switched;
        timer = handshakes.shard().schedule(this::expired, handshakes.timeoutMillis(), TimeUnit.MILLISECONDS);
    }

    private void expired() {
        ChannelHandlerContext here = Objects.requireNonNull(context);
        if (handshake != null) {
            if (handshake.timeOut()) {
                tls.tellTimeout(here.channel(), "the client has not gone on");
            }
        } else if (!over) {
            handshakes.stats().timedOut.increment();
            tls.tellTimeout(here.channel(), entered ? "its hello waited for a turn" : "no hello has come");
            end(here);
        }
    }

    @Override
    protected Future<Boolean> lookup(ChannelHandlerContext here, @Nullable ByteBuf bytes) {
        ClientHello said = bytes == null ? null : ClientHello.parse(bytes);
        if (over || !here.channel().isActive()) {
            return here.executor().newSucceededFuture(false);
        }
        if (said == null) {
            handshakes.stats().notTls.increment();
            tls.tellFailure(here.channel(), "it sent no hello of TLS");
            refuse(here, UNEXPECTED_MESSAGE);
            return here.executor().newSucceededFuture(false);
        }
        if (!handshakes.enter()) {
            handshakes.stats().refused.increment();
            tls.tellRefusal(here.channel(), "as many handshakes are under way as tls.max-handshakes allows");
            end(here);
            return here.executor().newSucceededFuture(false);
        }
        entered = true;
        heard();
        hello = said;
        if (handshakes.mayBegin(this)) {
            return here.executor().newSucceededFuture(true);
        }
        Promise<Boolean> waits = here.executor().newPromise();
        turn = waits;
        return waits;
    }

    /** Its turn has come. */
    void begin() {
        Promise<Boolean> waits = turn;
        if (waits != null) {
            waits.trySuccess(true);
        }
    }

    @Override
    protected void onLookupComplete(ChannelHandlerContext here, Future<Boolean> mayBegin) {
        ClientHello said = hello;
        hello = null;
        if (over || said == null || !mayBegin.isSuccess() || !mayBegin.getNow() || !here.channel().isActive()) {
            return;
        }
        Channel channel = here.channel();
        try {
            OneHandshake one = new OneHandshake(tls.tasks(), handshakes, channel, timer);
            SslHandler handler = tls.handlers().handler(said, channel.alloc(), one);
            over = true;
            timer = null;
            entered = false;
            handshake = one;
            one.begins(handler);
            channel.pipeline().addLast(handler, tls.failures());
        } catch (TlsRefusal e) {
            handshakes.stats().refused.increment();
            tls.tellRefusal(channel, e.getMessage());
            refuse(here, e.alert());
            return;
        } catch (RuntimeException | Error e) {
            handshakes.stats().failed.increment();
            tls.tellError(channel, e);
            end(here);
            return;
        }
        pass(here, channel);
    }

    private void pass(ChannelHandlerContext here, Channel channel) {
        try {
            tls.protocol().connected(handshakes.shard(), channel);
        } catch (RuntimeException | Error e) {
            tls.tellError(channel, e);
            here.close();
            return;
        }
        if (reads != null) {
            reads.follow(channel.config().getRecvByteBufAllocator());
        }
        here.fireChannelActive();
        if (drains) {
            here.fireUserEventTriggered(TcpServer.DRAIN);
        }
        if (!here.isRemoved()) {
            // What has come goes on to the handshake.
            here.pipeline().remove(this);
        }
    }

    private void refuse(ChannelHandlerContext here, int alert) {
        over();
        here.writeAndFlush(Unpooled.wrappedBuffer(new byte[]{ALERT, 3, 3, 0, 2, FATAL, (byte) alert}))
                .addListener(ChannelFutureListener.CLOSE);
    }

    private void end(ChannelHandlerContext here) {
        over();
        here.close();
    }

    private void over() {
        over = true;
        heard();
        stopTimer();
        handshakes.forget(this);
        if (entered) {
            entered = false;
            handshakes.leave();
        }
    }

    private void heard() {
        if (silent) {
            silent = false;
            handshakes.stats().silent.add(-1);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext here, Throwable failure) {
        Throwable cause = failure instanceof DecoderException && failure.getCause() != null
                ? failure.getCause()
                : failure;
        if (over) {
            // Counted before; what comes now is of the end.
            here.close();
        } else if (cause instanceof TooLongFrameException || cause instanceof SSLException) {
            handshakes.stats().notTls.increment();
            tls.tellFailure(here.channel(), cause instanceof TooLongFrameException
                    ? "its hello is longer than " + LONGEST_HELLO + " bytes"
                    : "it sent no hello of TLS");
            end(here);
        } else if (cause instanceof IOException) {
            gone();
            end(here);
        } else {
            handshakes.stats().failed.increment();
            tls.tellError(here.channel(), cause);
            end(here);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext here) throws Exception {
        if (!over) {
            gone();
            over();
        }
        super.channelInactive(here);
    }

    /** Of one that has said nothing nobody is told: so do those who look whether anybody listens. */
    private void gone() {
        if (entered || actualReadableBytes() > 0) {
            handshakes.stats().aborted.increment();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext here, Object event) throws Exception {
        if (TcpServer.DRAIN.equals(event) && !over) {
            drains = true;
            TcpServer.afterLastRead(here, () -> {
                if (!over && !entered) {
                    end(here);
                }
            });
        } else {
            super.userEventTriggered(here, event);
        }
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext here) throws Exception {
        if (!over) {
            over();
        }
        heard();
        Promise<Boolean> waits = turn;
        turn = null;
        if (waits != null) {
            // Whoever holds the hello for it lets go.
            waits.trySuccess(false);
        }
        super.handlerRemoved0(here);
    }

    private void stopTimer() {
        ScheduledFuture<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
    }
}
