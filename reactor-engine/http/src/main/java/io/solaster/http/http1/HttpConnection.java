package io.solaster.http.http1;

import java.io.IOException;
import java.util.Objects;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Carrier;
import io.solaster.http.exchange.Departures;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/1 client: reads its requests in place, hands each to the handler as soon as its head is there, and answers in
 * the order of the requests. On the owning shard only.
 *
 * <p>
 * All that is read at once is one batch, with one write and flush at its end, or soon behind it ({@link Departures}).
 * Requests that change nothing are handled beside each other where the client pipelines them; any other waits for those
 * before it, and holds up those behind it. What comes out of order is held back until its turn.
 */
public final class HttpConnection extends ChannelInboundHandlerAdapter
        implements
            Carrier,
            Runnable,
            Departures.Waiting {
    private static final Logger log = LoggerFactory.getLogger(HttpConnection.class);

    private final HttpShard shard;
    private final RequestStats requests;
    private @Nullable ChannelHandlerContext ctx;

    private final Batch batch;
    private final Intake intake;
    private @Nullable Outgoing output;
    private final ExchangeQueue queue = new ExchangeQueue();
    private final Listening listening = new Listening();
    private final Deadlines deadlines;
    private final Ending ending;

    private boolean scheduled;
    /** What is written leaves with others'. */
    private boolean departs;
    private boolean upgraded;

    public HttpConnection(HttpShard shard, RequestStats requests) {
        this.shard = shard;
        this.requests = requests;
        this.batch = new Batch(shard, requests);
        this.intake = new Intake(this, shard, batch, queue);
        this.deadlines = new Deadlines(this, shard, batch, queue, intake);
        this.ending = new Ending(this, shard, intake, queue, deadlines.linger());
    }

    // ---- what exchanges see

    @Override
    public Channel channel() {
        return context().channel();
    }

    @Override
    public void wanted(Exchange exchange) {
        if (!shard.shard().inEventLoop()) {
            shard.shard().execute(() -> wanted(exchange));
            return;
        }
        intake.wanted(exchange);
    }

    @Override
    public long endless(Exchange exchange) {
        return exchange.request().isHttp10() ? UNTIL_END : CHUNKED;
    }

    @Override
    public Output head(Exchange exchange, HttpResponseStatus status, HeaderList headers, long length, int room) {
        beforeHead(exchange);
        return Http1Head.write(this, exchange, status, headers, length, room);
    }

    /** They have their place in chunks. */
    @Override
    public void trailers(Exchange exchange, HeaderList trailers) {}

    private void beforeHead(Exchange exchange) {
        batch.freshDate();
        if (exchange == intake.receiving() && (exchange.body().isTooLongToSkip() || exchange.body().owesContinue())) {
            intake.close(exchange);
        }
        if (ending.isDraining() && exchange.next == null && intake.isEmpty()) {
            intake.close(exchange);
        }
    }

    @Override
    public Output output(Exchange exchange, int room) {
        ByteBuf into = exchange == queue.first() ? output().buffer() : ExchangeQueue.held(exchange, room);
        Output out = shard.output();
        out.to(into, room);
        return out;
    }

    @Override
    public void write(Exchange exchange, ByteBuf bytes) {
        if (exchange == queue.first()) {
            output().write(bytes);
        } else {
            ExchangeQueue.held(exchange, bytes.readableBytes()).writeBytes(bytes);
            bytes.release();
        }
    }

    @Override
    public boolean isDraining() {
        return ending.isDraining();
    }

    /** Whether the kernel can send files for an exchange: behind nobody else's response, and unencrypted. */
    @Override
    public boolean sendsFiles(Exchange exchange) {
        return exchange == queue.first() && tls() == null;
    }

    /** Has the kernel send a part of a file behind what was written; one at a time. */
    @Override
    public void write(FileRegion part, ChannelFutureListener listener) {
        output().write(part, listener);
        deadlines.watch();
    }

    @Override
    public boolean isWritable(Exchange exchange) {
        if (exchange != queue.first()) {
            return !ExchangeQueue.isHeldEnough(exchange);
        }
        if (output().isEnough()) {
            flush();
        }
        return channel().isWritable();
    }

    @Override
    public void flushLater() {
        if (!batch.isOpen()) {
            resumeLater();
        }
    }

    @Override
    public void flushNow(Exchange exchange) {
        if (exchange == queue.first()) {
            flush();
        }
    }

    @Override
    public void run() {
        scheduled = false;
        resume();
    }

    /** It leaves when those before it have. */
    @Override
    public void ended(Exchange exchange) {
        if (exchange != queue.first()) {
            return;
        }
        Exchange over = exchange;
        while (over != null && over.response().isOver()) {
            queue.answered(over, batch, listening);
            if (over.closes || over.response().upgrade != null) {
                ending.answeredLast(over);
                if (over.response().upgrade != null) {
                    ProtocolSwitch.switchTo(this, over);
                    return;
                }
                break;
            }
            over = queue.first();
            if (over != null && over.held != null) {
                ByteBuf held = over.held;
                over.held = null;
                write(over, held);
            }
        }
        if (queue.isEmpty() && ending.isDraining() && intake.isEmpty()) {
            ending.afterThis();
        }
        if (over != null && over == queue.first() && !over.response().isOver()) {
            over.response().becameWritable();
        }
        if (!batch.isOpen()) {
            resume();
        }
    }

    /** The client sees it in a connection that breaks off. */
    @Override
    public void abort(Exchange exchange, Throwable cause) {
        log.debug("{} is closed in the middle of the response to {}", channel(), exchange.request(), cause);
        if (exchange == queue.first()) {
            flush();
        }
        ending.die(cause);
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        output = new Outgoing(shard, context);
        shard.connected();
        if (context.channel().isActive()) {
            deadlines.begin();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        deadlines.begin();
        context.fireChannelActive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        deadlines.cancel();
        release();
        if (upgraded) {
            // It is read into the shard's buffer still.
            context.channel().closeFuture().addListener(closed -> shard.disconnected());
        } else {
            shard.disconnected();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        IOException gone = new IOException("the client has closed the connection");
        ending.closed(gone);
        listening.tell(gone);
        deadlines.cancel();
        release();
        context.fireChannelInactive();
    }

    private void release() {
        intake.release();
        output().release();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf received = (ByteBuf) message;
        if (ending.isClosing()) {
            received.release();
            return;
        }
        batch.received(received.readableBytes());
        intake.add(received);
        intake.process();
        intake.keepRest();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (batch.isOpen()) {
            endBatch();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && !upgraded) {
            Exchange front = queue.first();
            if (front != null) {
                front.response().becameWritable();
            }
            if (!batch.isOpen() && !intake.isEmpty()) {
                flushLater();
            }
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event)) {
            ending.drain(context);
        }
        if (event instanceof ChannelInputShutdownEvent && !upgraded) {
            ending.halfClose();
        }
        context.fireUserEventTriggered(event);
        if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()
                && ProtocolSwitch.isHttp2Agreed(context.channel())) {
            ProtocolSwitch.becomeHttp2(this, null);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (failure instanceof IOException || failure.getCause() instanceof SSLException) {
            log.debug("{} is gone", context.channel(), failure);
        } else {
            log.error("{} is closed", context.channel(), failure);
        }
        context.close();
    }

    // ---- reading and sending

    /** Goes on outside of a batch. */
    void resume() {
        if (intake.isProcessing() || upgraded || !channel().isActive()) {
            return;
        }
        batch.begin();
        intake.process();
        intake.keepRest();
        endBatch();
    }

    private void endBatch() {
        // Before the flush, within which the socket may say that it has room, and a stream may write more.
        batch.close();
        if (ending.isHalfClosed() && queue.isEmpty() && intake.receiving() == null && !scheduled
                && (intake.isEmpty() || intake.mayBegin())) {
            // What is left, if anything, is a part of a request whose rest will not come.
            ending.afterThis();
        }
        if (!ending.isClosing() && !upgraded && listening.isEmpty() && output().isGathered()
                && batch.countAndMayWait()) {
            if (!departs) {
                departs = true;
                shard.departures().add(this);
            }
        } else {
            flush();
        }
        if (!upgraded && !ending.hasBegun()) {
            intake.readOrWait();
            deadlines.goOn();
        }
    }

    @Override
    public void depart() {
        departs = false;
        if (upgraded || !channel().isActive()) {
            return;
        }
        flush();
        if (output().isSending()) {
            deadlines.watch();
        }
    }

    /** Sends what was written. */
    void flush() {
        batch.count();
        if (!listening.isEmpty() && !upgraded) {
            output().whenSent(listening.take());
        }
        if (!ending.sendLast() && output().flush()) {
            ending.die(new IOException("the client left more unread than it may"));
        }
    }

    // ---- what the parts of the connection see of it

    HttpShard shard() {
        return shard;
    }

    RequestStats requests() {
        return requests;
    }

    Intake intake() {
        return intake;
    }

    /** How it ends. */
    Ending ending() {
        return ending;
    }

    /** Whether another protocol has the connection, or is about to. */
    boolean isUpgraded() {
        return upgraded;
    }

    /** Another protocol takes the connection from here on. */
    void upgraded() {
        upgraded = true;
    }

    /** The connection has been handed over to what was upgraded to. */
    void handedOver() {
        if (ending.isHalfClosed()) {
            channel().close();
        }
        listening.tell(null);
    }

    /** Goes on with what was read when the shard has done something else. */
    void resumeLater() {
        if (!scheduled) {
            scheduled = true;
            shard.shard().execute(this);
        }
    }

    Outgoing output() {
        return Objects.requireNonNull(output);
    }

    ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }
}
