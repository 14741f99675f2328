package io.solaster.http.http2;

import java.io.IOException;
import java.util.Objects;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.UnreadInput;
import io.solaster.http.HttpStats;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/2 client. Netty's codec reads and writes the frames and keeps the windows; what a request and its response mean
 * is in the {@link Http2Carrier} of their stream, without a channel of their own. On the owning shard only.
 *
 * <p>
 * All that is read at once is one batch, with one flush at its end, as over HTTP/1; what is more than a turn's share waits
 * for the next one, and while that is much, nothing is read.
 */
public final class Http2Session extends Http2ConnectionHandler implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Http2Session.class);
    /** How many streams' windows a connection's holds. */
    private static final long WINDOWS = 8;

    private final HttpShard shard;
    private final Http2Turns turns;
    private final Batch batch;
    private final Http2Backlog backlog;
    private final Http2Intake intake;
    private final Http2Deadlines deadlines;
    private final Http2Ending ending;
    private @Nullable ChannelHandlerContext ctx;
    private boolean scheduled;

    Http2Session(HttpShard shard, RequestStats requests, Http2Turns turns, Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder, Http2Settings settings) {
        super(decoder, encoder, settings, true);
        this.shard = shard;
        this.turns = turns;
        this.batch = new Batch(shard, requests);
        this.backlog = new Http2Backlog(shard, this);
        this.intake = new Http2Intake(this, shard, batch, backlog);
        this.deadlines = new Http2Deadlines(this, shard, turns, batch);
        this.ending = new Http2Ending(this, shard, turns, deadlines.linger());
        decoder.frameListener(intake);
        encoder.flowController().listener(this::writabilityChanged);
        connection().addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamClosed(Http2Stream stream) {
                closed(stream);
            }
        });
    }

    // ---- what carriers and the parts of the session see

    ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }

    ChannelPromise newPromise() {
        return context().newPromise();
    }

    HttpStats stats() {
        return shard.stats();
    }

    GatherBudget budget() {
        return shard.budget();
    }

    HttpLimits limits() {
        return shard.limits();
    }

    boolean isDraining() {
        return ending.isDraining();
    }

    /** The time by the timers. */
    long now() {
        return shard.timers().now();
    }

    Batch batch() {
        return batch;
    }

    /** How the session ends. */
    Http2Ending ending() {
        return ending;
    }

    /** So much of a stream's response leaves: the client has allowed it. */
    void sends(int id, int bytes) {
        Http2Stream stream = connection().stream(id);
        Http2Carrier carrier = stream == null ? null : intake.carrier(stream);
        if (carrier != null && bytes > 0) {
            carrier.taken(bytes, now());
            deadlines.handedOver(bytes);
        }
    }

    /** By when the client has to take some of what waits on any stream. */
    long readDeadline() {
        return deadlines.readDeadline();
    }

    /** The client may send so much more of a body. */
    void consumed(Http2Stream stream, int bytes) {
        try {
            if (decoder().flowController().consumeBytes(stream, bytes)) {
                flushLater();
            }
        } catch (Http2Exception e) {
            onError(context(), true, e);
        }
    }

    /** What was written is sent at the end of the batch, or of the turn. */
    void flushLater() {
        if (!batch.isOpen() && !scheduled) {
            scheduled = true;
            shard.shard().execute(this);
        }
    }

    Http2Backlog backlog() {
        return backlog;
    }

    /** Sends what was written of late; a response of which more waits than a client may leave unread is broken off. */
    void sendEnough(Http2Carrier carrier) {
        flush(context());
        if (!backlog.overflows()) {
            return;
        }
        shard.slowReaders().overflow(shard.stats().outputOverflows, context().channel(), backlog.waiting(),
                shard.config().limits().outputBuffer(), "one response is broken off");
        carrier.cutOff(new IOException("the client left more unread than it may"));
        reset(carrier, Http2Error.ENHANCE_YOUR_CALM);
        // Now, as a client that reads nothing does not read that either.
        carrier.stream().close();
    }

    void reset(Http2Carrier carrier, Http2Error error) {
        encoder().writeRstStream(context(), carrier.stream().id(), error.code(), newPromise());
        flushLater();
    }

    /** Takes no more requests, and closes when those under way are answered. */
    void finish() {
        ending.finish();
    }

    /** Begins a request that had to wait for room. */
    void handle(Http2Carrier carrier) {
        intake.handle(carrier);
    }

    /** Whether frames have come that wait for their turn. */
    boolean isWaiting() {
        return turns.isOver() && actualReadableBytes() > 0;
    }

    /** Bytes that have come and were not read, since their turn or the rest of their frame has not. */
    int unreadBytes() {
        return actualReadableBytes();
    }

    /** What is to be done with each stream that has a request. */
    interface CarrierVisitor {

        void visit(Http2Carrier carrier);
    }

    void eachCarrier(CarrierVisitor visitor) {
        try {
            connection().forEachActiveStream(stream -> {
                Http2Carrier carrier = intake.carrier(stream);
                if (carrier != null) {
                    visitor.visit(carrier);
                }
                return true;
            });
        } catch (Http2Exception e) {
            onError(context(), false, e);
        }
    }

    /** Sends the frames that were written, of what ends. */
    void flushFrames() {
        super.flush(context());
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        ctx = context;
        deadlines.begin();
        batch.heard();
        super.handlerAdded(context);
        int window = decoder().flowController().initialWindowSize();
        long more = Math.min(Integer.MAX_VALUE, WINDOWS * shard.config().http().http2().initialWindow().bytes())
                - window;
        if (more > 0) {
            decoder().flowController().incrementWindowSize(connection().connectionStream(), (int) more);
            context.flush();
        }
        shard.stats().http2Connections.increment();
        deadlines.watch();
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) throws Exception {
        deadlines.cancel();
        super.handlerRemoved0(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        ByteBuf received = (ByteBuf) message;
        if (ending.hasBegun()) {
            received.release();
            return;
        }
        if (!batch.isOpen() && !isWaiting()) {
            turns.begin(shard.requestsPerTurn());
        }
        batch.received(received.readableBytes());
        super.channelRead(context, message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        if (batch.isOpen()) {
            backlog.tellWritable();
            deadlines.observeFrames();
            batch.close();
        }
        // As Netty's does it, which would read on even where nothing is to be read.
        discardSomeReadBytes();
        context.fireChannelReadComplete();
        flush(context);
        endBatch();
    }

    @Override
    public void run() {
        scheduled = false;
        if (ending.isOver()) {
            return;
        }
        batch.begin();
        backlog.tellWritable();
        backlog.beginHeld(shard.requestsPerTurn());
        if (isWaiting()) {
            goOn();
        }
        batch.close();
        flush(context());
        endBatch();
    }

    private void goOn() {
        turns.begin(shard.requestsPerTurn());
        try {
            super.channelRead(context(), Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            onError(context(), false, e);
        }
        deadlines.observeFrames();
    }

    private void endBatch() {
        if (ending.isOver()) {
            return;
        }
        readOrWait();
        if (ending.isDue()) {
            ending.part();
            return;
        }
        deadlines.watch();
    }

    /** Reads from the client unless there is more already than is wanted. */
    private void readOrWait() {
        boolean read = true;
        if (isWaiting()) {
            flushLater();
            read = actualReadableBytes() <= shard.bytesPerTurn();
        }
        UnreadInput.readOrWait(context().channel(), read);
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        batch.count();
        backlog.flushed();
        super.flush(context);
        deadlines.observeSocket();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Exception {
        super.channelWritabilityChanged(context);
        if (context.channel().isWritable() && backlog.isHeld()) {
            flushLater();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        ending.endWithoutWord();
        deadlines.cancel();
        super.channelInactive(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (TcpServer.DRAIN.equals(event)) {
            drain();
        }
        super.userEventTriggered(context, event);
    }

    /** The server takes no more requests. */
    public void drain() {
        finish();
        eachCarrier(carrier -> {
            Exchange exchange = carrier.exchange();
            if (exchange != null) {
                exchange.response().drain();
            }
        });
    }

    // ---- errors

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) throws Exception {
        if (failure instanceof IOException || failure.getCause() instanceof SSLException) {
            log.debug("{} is gone", context.channel(), failure);
            context.close();
        } else {
            onError(context, false, failure);
        }
    }

    @Override
    protected void onStreamError(ChannelHandlerContext context, boolean outbound, Throwable cause,
            StreamException failure) {
        Http2Stream stream = connection().stream(failure.streamId());
        if (outbound && (stream == null || stream.state() == Http2Stream.State.CLOSED)) {
            // What waited on a stream that is closed for another reason; who wrote it is told.
            return;
        }
        if (!outbound) {
            intake.refused(failure);
        }
        Http2Carrier carrier = stream == null ? null : intake.carrier(stream);
        if (carrier != null) {
            carrier.cutOff(failure);
        }
        super.onStreamError(context, outbound, cause, failure);
    }

    @Override
    protected void handleServerHeaderDecodeSizeError(ChannelHandlerContext context, Http2Stream stream) {
        shard.stats().answered(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE);
        super.handleServerHeaderDecodeSizeError(context, stream);
    }

    @Override
    protected void onConnectionError(ChannelHandlerContext context, boolean outbound, Throwable cause,
            @Nullable Http2Exception failure) {
        ending.failed(outbound, cause, failure);
    }

    // ---- streams

    /** Answers the request that the client has sent over HTTP/1.1. */
    public void upgraded(Http2Upgrade upgrade) {
        batch.stamp();
        try {
            onHttpServerUpgrade(upgrade.settings());
            intake.upgraded(upgrade);
        } catch (Http2Exception e) {
            onError(context(), false, e);
        }
        flushLater();
    }

    private void closed(Http2Stream stream) {
        Http2Carrier carrier = intake.carrier(stream);
        if (carrier != null) {
            backlog.forget(carrier);
            carrier.closed();
        }
        deadlines.active();
        if (ending.isDue() && !ending.hasBegun()) {
            flushLater();
        }
    }

    /** Told in the middle of a flush: the handler, which may write more, hears of it later. */
    private void writabilityChanged(Http2Stream stream) {
        Http2Carrier carrier = intake.carrier(stream);
        Exchange exchange = carrier == null ? null : carrier.exchange();
        if (carrier != null && exchange != null && exchange.response().waitsForRoom()
                && encoder().flowController().isWritable(stream)) {
            backlog.hasRoomAgain(carrier);
            flushLater();
        }
    }
}
