package io.solaster.http.http2;

import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.solaster.engine.net.ConnectionTimer;
import io.solaster.engine.net.Linger;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.SocketWatch;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.UnreadInput;
import io.solaster.http.HttpStats;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;
import io.solaster.http.wire.ReadRate;
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
    /** A client that drains is given this long to answer a ping, after which what it had sent by then has come. */
    private static final long LAST_STREAMS_MILLIS = 200;
    /** How many streams' windows a connection's holds. */
    private static final long WINDOWS = 8;
    private static final long NONE = -1;
    private static final long LAST_PING = 0x50_4152_54_494E_47L;

    private final HttpShard shard;
    private final Http2Turns turns;
    private final Batch batch;
    private final Http2Connection.PropertyKey key;
    private @Nullable ChannelHandlerContext ctx;

    private boolean scheduled;
    private boolean draining;
    /** The client knows which of its requests is the last that is answered. */
    private boolean saidLast;

    private final Http2Backlog backlog;

    private final ConnectionTimer timer;
    private final Linger linger;
    private final SocketWatch socket = new SocketWatch();
    private long activeAt;
    /** How the client takes what waits for it, over all streams, of which so much was handed to the socket. */
    private final ReadRate reading = new ReadRate();
    private long handedOver;
    /** Since when a frame has been coming; {@link #NONE} if none is. And how many had come whole when that was last seen to. */
    private long frameSince;
    private long framesBefore;

    Http2Session(HttpShard shard, RequestStats requests, Http2Turns turns, Http2ConnectionDecoder decoder,
            Http2ConnectionEncoder encoder, Http2Settings settings) {
        super(decoder, encoder, settings, true);
        this.shard = shard;
        this.turns = turns;
        this.batch = new Batch(shard, requests);
        this.backlog = new Http2Backlog(shard, this);
        this.key = connection().newKey();
        this.timer = new ConnectionTimer(shard.timers(), this::expired);
        this.linger = new Linger(shard.timers(), timer);
        decoder.frameListener(new Frames());
        encoder.flowController().listener(this::writabilityChanged);
        connection().addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamClosed(Http2Stream stream) {
                closed(stream);
            }
        });
    }

    // ---- what carriers see

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
        return draining;
    }

    /** The time by the timers. */
    long now() {
        return shard.timers().now();
    }

    Batch batch() {
        return batch;
    }

    /** So much of a stream's response leaves: the client has allowed it. */
    void sends(int id, int bytes) {
        Http2Stream stream = connection().stream(id);
        Http2Carrier carrier = stream == null ? null : stream.getProperty(key);
        if (carrier != null && bytes > 0) {
            carrier.taken(bytes, now());
            handedOver += bytes;
        }
    }

    /** By when the client has to take some of what waits on any stream. */
    long readDeadline() {
        return reading.deadline();
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
        if (draining || linger.hasBegun()) {
            return;
        }
        draining = true;
        // RFC 9113, 6.8: what the client has sent before it hears of this is answered, too.
        goAway(context(), Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, newPromise());
        encoder().writePing(context(), false, LAST_PING, newPromise());
        flushLater();
        context().executor().schedule(this::sayLast, LAST_STREAMS_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void sayLast() {
        if (saidLast || linger.hasBegun() || !context().channel().isActive()) {
            return;
        }
        saidLast = true;
        goAway(context(), connection().remote().lastStreamCreated(), Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER,
                newPromise());
        flushLater();
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        ctx = context;
        long now = shard.timers().now();
        activeAt = now;
        frameSince = now;
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
        watch();
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) throws Exception {
        timer.cancel();
        super.handlerRemoved0(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        ByteBuf received = (ByteBuf) message;
        if (linger.hasBegun()) {
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
            observeFrames();
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
        if (linger.hasBegun() || !context().channel().isActive()) {
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

    /** Whether frames have come that wait for their turn. */
    private boolean isWaiting() {
        return turns.isOver() && actualReadableBytes() > 0;
    }

    private void goOn() {
        turns.begin(shard.requestsPerTurn());
        try {
            super.channelRead(context(), Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            onError(context(), false, e);
        }
        observeFrames();
    }

    private void endBatch() {
        if (linger.hasBegun() || !context().channel().isActive()) {
            return;
        }
        readOrWait();
        if (saidLast && connection().numActiveStreams() == 0) {
            part();
            return;
        }
        watch();
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
        observeSocket(shard.timers().now());
    }

    private void observeSocket(long now) {
        Channel channel = context().channel();
        socket.observe(channel, now, 0, 0);
        reading.observe(channel, now, shard.limits(), handedOver, 0, backlog.waiting() > 0);
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
        linger.beginWithoutWaiting();
        timer.cancel();
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

    private interface CarrierVisitor {

        void visit(Http2Carrier carrier);
    }

    private void eachCarrier(CarrierVisitor visitor) {
        try {
            connection().forEachActiveStream(stream -> {
                Http2Carrier carrier = stream.getProperty(key);
                if (carrier != null) {
                    visitor.visit(carrier);
                }
                return true;
            });
        } catch (Http2Exception e) {
            onError(context(), false, e);
        }
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
            log.debug("{}: stream {} is reset: {}", context.channel(), failure.streamId(), failure.getMessage());
            shard.stats().refused(failure instanceof Http2Exception.HeaderListSizeException
                    ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                    : HttpResponseStatus.BAD_REQUEST);
        }
        if (!outbound && stream == null) {
            existed(failure.streamId());
        }
        Http2Carrier carrier = stream == null ? null : stream.getProperty(key);
        if (carrier != null) {
            carrier.cutOff(failure);
        }
        super.onStreamError(context, outbound, cause, failure);
    }

    /** A head that cannot be read has begun its stream all the same, on which a body may be on its way. */
    private void existed(int id) {
        Http2Connection.Endpoint<?> client = connection().remote();
        if (client.isValidStreamId(id) && id > client.lastStreamCreated()) {
            try {
                client.createStream(id, false);
            } catch (Http2Exception tooMany) {
                log.debug("{}: stream {} is not begun: {}", context().channel(), id, tooMany.getMessage());
            }
        }
    }

    @Override
    protected void handleServerHeaderDecodeSizeError(ChannelHandlerContext context, Http2Stream stream) {
        shard.stats().answered(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE);
        super.handleServerHeaderDecodeSizeError(context, stream);
    }

    @Override
    protected void onConnectionError(ChannelHandlerContext context, boolean outbound, Throwable cause,
            @Nullable Http2Exception failure) {
        if (linger.hasBegun() || !context.channel().isActive()) {
            return;
        }
        if (failure == null) {
            if (cause instanceof IOException) {
                log.debug("{} is gone", context.channel(), cause);
                context.close();
                return;
            }
            log.error("{} is closed", context.channel(), cause);
            end(Http2Error.INTERNAL_ERROR, "");
            return;
        }
        if (Http2Answers.UNREAD_ANSWERS.equals(failure.getMessage())) {
            shard.slowReaders().cutOff(shard.stats().outputOverflows, context.channel(), Http2Answers.UNREAD_ANSWERS,
                    "it is closed");
        } else {
            log.debug("{} is closed: {}", context.channel(), failure.getMessage());
            if (!outbound || failure.error() == Http2Error.ENHANCE_YOUR_CALM) {
                shard.stats().refused(HttpResponseStatus.BAD_REQUEST);
            }
        }
        end(failure.error(), String.valueOf(failure.getMessage()));
    }

    /** Tells the client why, and closes. */
    private void end(Http2Error error, String why) {
        turns.end();
        saidLast = true;
        ByteBuf said = ByteBufUtil.writeUtf8(context().alloc(), why);
        encoder().frameWriter().writeGoAway(context(), connection().remote().lastStreamCreated(), error.code(), said,
                newPromise());
        part();
    }

    /** Sends the last frames and closes, politely: see {@link Linger}. */
    private void part() {
        linger.begin();
        connection().close(context().voidPromise());
        super.flush(context());
        linger.end(context().channel(), context().writeAndFlush(Unpooled.EMPTY_BUFFER), false);
    }

    // ---- streams

    /** Answers the request that the client has sent over HTTP/1.1. */
    public void upgraded(Http2Upgrade upgrade) {
        batch.stamp();
        try {
            onHttpServerUpgrade(upgrade.settings());
            Http2Stream stream = connection().stream(Http2CodecUtil.HTTP_UPGRADE_STREAM_ID);
            begin(stream.headersReceived(false), upgrade.request(), true);
        } catch (Http2Exception e) {
            onError(context(), false, e);
        }
        flushLater();
    }

    private void begin(Http2Stream stream, Http2Headers headers, boolean last) throws Http2Exception {
        Exchange exchange = shard.takeStreamExchange();
        Http2Carrier carrier = new Http2Carrier(this, stream, exchange);
        exchange.begin(carrier, batch.readAt());
        exchange.waitsSince = batch.heardAt();
        Http2RequestHead head = (Http2RequestHead) exchange.request().head();
        String wrong = head.read(headers, shard.limits());
        if (wrong != null) {
            throw Http2Exception.streamError(stream.id(), Http2Error.PROTOCOL_ERROR, wrong);
        }
        stream.setProperty(key, carrier);
        shard.stats().http2Requests.increment();
        if (last) {
            carrier.receivedAll();
        }
        if (head.upgrades()) {
            exchange.body().beginConversation(last);
        } else {
            exchange.body().begin(head.contentLength(), last, head.expectsContinue());
        }
        HttpResponseStatus refusal = head.refusal();
        if (refusal != null) {
            shard.stats().refused(refusal);
            exchange.response().refuse(refusal, head.message());
        } else if (backlog.mayBegin()) {
            shard.handle(exchange);
        } else {
            backlog.hold(carrier);
        }
        handled(carrier, exchange);
    }

    /** Begins a request that had to wait for room. */
    void handle(Http2Carrier carrier) {
        Exchange exchange = carrier.exchange();
        if (exchange != null) {
            exchange.waitsSince = now();
            shard.handle(exchange);
            handled(carrier, exchange);
        }
    }

    private void handled(Http2Carrier carrier, Exchange exchange) {
        if (carrier.exchange() != null) {
            exchange.outlives = true;
        } else if (!exchange.outlives) {
            shard.giveExchange(exchange);
        }
    }

    private void receivedTrailers(Http2Carrier carrier, Http2Headers headers) throws Http2Exception {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            if (!Http2RequestHead.isValue(header.getValue())) {
                throw Http2Exception.streamError(carrier.stream().id(), Http2Error.PROTOCOL_ERROR,
                        "a trailer with a control character in it, or a blank at an end");
            }
        }
        carrier.receivedTrailers(headers);
    }

    private void closed(Http2Stream stream) {
        Http2Carrier carrier = stream.getProperty(key);
        if (carrier != null) {
            backlog.forget(carrier);
            carrier.closed();
        }
        activeAt = shard.timers().now();
        if (saidLast && connection().numActiveStreams() == 0 && !linger.hasBegun()) {
            flushLater();
        }
    }

    /** Told in the middle of a flush: the handler, which may write more, hears of it later. */
    private void writabilityChanged(Http2Stream stream) {
        Http2Carrier carrier = stream.getProperty(key);
        Exchange exchange = carrier == null ? null : carrier.exchange();
        if (carrier != null && exchange != null && exchange.response().waitsForRoom()
                && encoder().flowController().isWritable(stream)) {
            backlog.hasRoomAgain(carrier);
            flushLater();
        }
    }

    /** What Netty has read. */
    private final class Frames extends Http2FrameAdapter {

        @Override
        public void onHeadersRead(ChannelHandlerContext context, int id, Http2Headers headers, int padding,
                boolean last)
                throws Http2Exception {
            Http2Stream stream = connection().stream(id);
            Http2Carrier carrier = stream.getProperty(key);
            if (carrier == null) {
                begin(stream, headers, last);
            } else {
                receivedTrailers(carrier, headers);
            }
        }

        @Override
        public void onHeadersRead(ChannelHandlerContext context, int id, Http2Headers headers, int dependsOn,
                short weight,
                boolean exclusive, int padding, boolean last) throws Http2Exception {
            onHeadersRead(context, id, headers, padding, last);
        }

        @Override
        public int onDataRead(ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean last) {
            Http2Carrier carrier = connection().stream(id).getProperty(key);
            return padding + (carrier == null ? data.readableBytes() : carrier.received(data, last));
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int id, long error) {
            shard.stats().http2Resets.increment();
            Http2Carrier carrier = connection().stream(id).getProperty(key);
            if (carrier != null) {
                carrier.cutOff(new IOException("the client has reset the stream (" + Http2Error.valueOf(error) + ")"));
            }
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext context, long data) {
            if (data == LAST_PING && draining) {
                sayLast();
            }
        }

    }

    // ---- time

    /** Sees whether a frame, or a head of several, has begun to come and is not there yet; what waits for its turn is not the client's fault. */
    private void observeFrames() {
        long frames = turns.whole();
        if (isWaiting()) {
            framesBefore = frames;
            frameSince = NONE;
        } else if (frames != framesBefore) {
            framesBefore = frames;
            frameSince = actualReadableBytes() > 0 || turns.isInHead() ? now() : NONE;
        } else if (frameSince == NONE) {
            frameSince = batch.heardAt();
        }
    }

    /** Sees to it that whatever takes too long from here on is noticed. */
    private void watch() {
        if (!linger.hasBegun()) {
            HttpLimits limits = shard.limits();
            long soonest = Math.min(Math.min(limits.headNanos(), limits.bodyNanos()),
                    Math.min(limits.requestNanos(), limits.idleNanos()));
            long now = shard.timers().now();
            timer.by(now + soonest, now);
        }
    }

    private void expired() {
        if (!context().channel().isActive()) {
            return;
        }
        if (linger.hasBegun()) {
            linger.expired(context().channel());
            return;
        }
        long now = shard.timers().now();
        HttpLimits limits = shard.limits();
        observeSocket(now);
        if (socket.isSending() && now - socket.takenAt() >= limits.bodyNanos()) {
            log.debug("{} has not read for {} ms: it is closed", context().channel(),
                    TimeUnit.NANOSECONDS.toMillis(now - socket.takenAt()));
            shard.stats().timedOut(Timeout.UNREAD);
            linger.beginWithoutWaiting();
            context().channel().close();
            return;
        }
        if (frameSince != NONE && now - frameSince >= limits.headNanos()) {
            shard.stats().timedOut(Timeout.HEADER);
            end(Http2Error.ENHANCE_YOUR_CALM, "a frame took too long");
            return;
        }
        if (connection().numActiveStreams() == 0 && now - activeAt >= limits.idleNanos()) {
            end(Http2Error.NO_ERROR, "");
            return;
        }
        batch.begin();
        eachCarrier(carrier -> StreamDeadlines.expired(carrier, now, limits));
        batch.close();
        flush(context());
        if (!linger.hasBegun() && context().channel().isActive()) {
            timer.by(nextDeadline(limits), now);
        }
    }

    private long nextDeadline(HttpLimits limits) {
        long[] next = {HttpLimits.NEVER};
        if (connection().numActiveStreams() == 0) {
            next[0] = activeAt + limits.idleNanos();
        }
        if (frameSince != NONE) {
            next[0] = Math.min(next[0], frameSince + limits.headNanos());
        }
        if (socket.isSending()) {
            next[0] = Math.min(next[0], socket.takenAt() + limits.bodyNanos());
        }
        eachCarrier(carrier -> next[0] = Math.min(next[0], StreamDeadlines.deadline(carrier, limits)));
        return next[0];
    }
}
