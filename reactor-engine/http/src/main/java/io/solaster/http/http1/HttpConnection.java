package io.solaster.http.http1;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.solaster.config.server.Http2Config;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpException;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Carrier;
import io.solaster.http.exchange.Departures;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.Response;
import io.solaster.http.http2.Http2Output;
import io.solaster.http.http2.Http2Session;
import io.solaster.http.http2.Http2Sessions;
import io.solaster.http.http2.Http2Upgrade;
import io.solaster.http.wire.BodyTime;
import io.solaster.http.wire.ConnectionTimer;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.HttpLimits;
import io.solaster.http.wire.Linger;
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
    /** Long enough for a turn that reads what the kernel already holds. */
    private static final long LAST_READ_MILLIS = 2;
    /** What may be held back of one response. */
    private static final int MOST_HELD = 64 << 10;

    private final HttpShard shard;
    private final RequestStats requests;
    private @Nullable ChannelHandlerContext ctx;

    private final Batch batch;
    private final Received input = new Received();
    private @Nullable Outgoing output;
    private final ExchangeQueue queue = new ExchangeQueue();
    private final Listening listening = new Listening();

    /** Whose body is not all taken yet; over, perhaps, and nobody wants it. */
    private @Nullable Exchange receiving;
    /** Whose head has begun to come, or has come and waits for those before it: then its length. */
    private @Nullable Exchange upcoming;
    private int decoded;

    private boolean processing;
    private boolean scheduled;
    /** What is written leaves with others'. */
    private boolean departs;
    private boolean closing;
    /** A request has come behind which none is handled: the connection ends with its response. */
    private boolean last;
    /** The client knows that the connection ends, and has sent no more than we have read. */
    private boolean parted;
    private boolean draining;
    /** The client has ended its side, and may still be answered. */
    private boolean halfClosed;
    private boolean upgraded;
    /** No request has come yet. */
    private boolean fresh = true;
    /** An empty line has come behind the last one. */
    private boolean blank;

    private final ConnectionTimer timer;
    private final Linger linger;
    private final BodyTime patience = new BodyTime();
    /** When the head that comes has begun, and when something was done, by the timers. */
    private long headSince;
    private long activeAt;

    public HttpConnection(HttpShard shard, RequestStats requests) {
        this.shard = shard;
        this.requests = requests;
        this.batch = new Batch(shard, requests);
        this.timer = new ConnectionTimer(shard.timers(), this::expired);
        this.linger = new Linger(shard.timers(), timer);
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
        Body body = exchange.body();
        if (exchange == receiving && body.isWanted() && body.owesContinue() && exchange.response().isOpen()
                && input.isEmpty()) {
            Output out = output(exchange, HttpShard.CONTINUE.length);
            out.bytes(HttpShard.CONTINUE);
            out.finish();
            body.continued();
            flushLater();
        }
        if (exchange != receiving) {
            body.feed(Unpooled.EMPTY_BUFFER);
            return;
        }
        if (!processing) {
            resume();
            return;
        }
        body.feed(input.bytes());
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
        if (exchange == receiving && (exchange.body().isTooLongToSkip() || exchange.body().owesContinue())) {
            close(exchange);
        }
        if (draining && exchange.next == null && input.isEmpty()) {
            close(exchange);
        }
    }

    /** Ends the connection with this response: what follows is not handled, since it could not be answered. */
    private void close(Exchange exchange) {
        exchange.closes = true;
        last = true;
    }

    @Override
    public Output output(Exchange exchange, int room) {
        ByteBuf into = exchange == queue.first() ? output().buffer() : held(exchange, room);
        Output out = shard.output();
        out.to(into, room);
        return out;
    }

    /** Where a response waits for those before it. */
    private ByteBuf held(Exchange exchange, int room) {
        ByteBuf into = exchange.held;
        if (into == null) {
            into = channel().alloc().directBuffer(room);
            exchange.held = into;
        }
        return into;
    }

    @Override
    public void write(Exchange exchange, ByteBuf bytes) {
        if (exchange == queue.first()) {
            output().write(bytes);
        } else {
            held(exchange, bytes.readableBytes()).writeBytes(bytes);
            bytes.release();
        }
    }

    @Override
    public boolean isDraining() {
        return draining;
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
        watch();
    }

    @Override
    public boolean isWritable(Exchange exchange) {
        if (exchange != queue.first()) {
            return exchange.held == null || exchange.held.readableBytes() < MOST_HELD;
        }
        if (output().isEnough()) {
            flush();
        }
        return channel().isWritable();
    }

    @Override
    public void flushLater() {
        if (!batch.isOpen() && !scheduled) {
            scheduled = true;
            shard.shard().execute(this);
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
        if (channel().isActive() && !upgraded) {
            resume();
        }
    }

    /** It leaves when those before it have. */
    @Override
    public void ended(Exchange exchange) {
        if (exchange != queue.first()) {
            return;
        }
        Exchange over = exchange;
        while (over != null && over.response().isOver()) {
            pop(over);
            if (over.closes || over.response().upgrade != null) {
                closing = over.closes;
                parted = halfClosed
                        || receiving == null && !((HeadDecoder) over.request().head()).isKeepAlive()
                                && input.isEmpty();
                dropRest(new IOException("the connection was closed with the response before this one"));
                if (over.response().upgrade != null) {
                    switchTo(over);
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
        if (queue.isEmpty() && draining && input.isEmpty()) {
            closing = true;
        }
        if (over != null && over == queue.first() && !over.response().isOver()) {
            over.response().becameWritable();
        }
        if (!batch.isOpen()) {
            resume();
        }
    }

    private void pop(Exchange over) {
        queue.remove(over);
        batch.answered(over);
        over.body().skip();
        if (over.response().hasListeners()) {
            listening.add(over);
        } else {
            over.response().tell(null);
        }
        if (over.outlives) {
            over.next = null;
            if (!over.response().hasListeners() && over.response().upgrade == null) {
                over.leaveMemory();
            }
        }
    }

    /** The client sees it in a connection that breaks off. */
    @Override
    public void abort(Exchange exchange, Throwable cause) {
        log.debug("{} is closed in the middle of the response to {}", channel(), exchange.request(), cause);
        if (exchange == queue.first()) {
            flush();
        }
        die(cause);
    }

    /** Closes at once; on some transports that takes until the next turn. */
    private void die(Throwable cause) {
        closing = true;
        linger.beginWithoutWaiting();
        dropRest(cause);
        channel().close();
    }

    private void dropRest(Throwable cause) {
        Exchange each = queue.removeAll();
        receiving = null;
        while (each != null) {
            Exchange next = each.next;
            each.next = null;
            each.outlives = true;
            each.response().cut();
            each.releaseHeld();
            each.body().fail(cause);
            each.body().release();
            shard.tellEnd(each, cause);
            each.response().tell(cause);
            each = next;
        }
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        output = new Outgoing(shard, context);
        shard.connected();
        if (context.channel().isActive()) {
            begin();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        begin();
        context.fireChannelActive();
    }

    private void begin() {
        activeAt = shard.timers().now();
        watch();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        timer.cancel();
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
        closing = true;
        linger.beginWithoutWaiting();
        IOException gone = new IOException("the client has closed the connection");
        Exchange receives = receiving;
        dropRest(gone);
        if (receives != null) {
            receives.body().fail(gone);
        }
        listening.tell(gone);
        timer.cancel();
        release();
        context.fireChannelInactive();
    }

    private void release() {
        if (!processing) {
            input.release();
        }
        output().release();
        upcoming = null;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf received = (ByteBuf) message;
        if (closing) {
            received.release();
            return;
        }
        batch.received(received.readableBytes());
        patience.received(received.readableBytes(), batch.heardAt(), shard.limits());
        input.add(received, context.alloc());
        process();
        input.keepRest(context.alloc());
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
            if (!batch.isOpen() && !input.isEmpty()) {
                flushLater();
            }
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !draining) {
            draining = true;
            for (Exchange each = queue.first(); each != null;) {
                Exchange next = each.next;
                each.response().drain();
                each = next;
            }
            context.executor().schedule(this::finishDrain, LAST_READ_MILLIS, TimeUnit.MILLISECONDS);
        }
        if (event instanceof ChannelInputShutdownEvent && !upgraded) {
            halfClose();
        }
        context.fireUserEventTriggered(event);
        if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess() && agreedOnHttp2()) {
            becomeHttp2(null);
        }
    }

    /** Answers what has come whole, and closes. */
    private void halfClose() {
        halfClosed = true;
        parted = true;
        if (receiving != null) {
            die(new IOException("the client has ended its side within a body"));
        } else {
            resume();
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

    /** Closes once what had arrived by now is answered; what the kernel held has been read when this runs. */
    private void finishDrain() {
        if (!upgraded && !closing && queue.isEmpty() && channel().isActive()) {
            closing = true;
            flush();
        }
    }

    // ---- input

    /** Goes on outside of a batch. */
    private void resume() {
        if (processing || upgraded || !channel().isActive()) {
            return;
        }
        batch.begin();
        process();
        input.keepRest(context().alloc());
        endBatch();
    }

    private void endBatch() {
        // Before the flush, within which the socket may say that it has room, and a stream may write more.
        batch.close();
        if (halfClosed && queue.isEmpty() && receiving == null && !scheduled && (input.isEmpty() || mayBegin())) {
            // What is left, if anything, is a part of a request whose rest will not come.
            closing = true;
        }
        if (!closing && !upgraded && listening.isEmpty() && output().isGathered() && batch.countAndMayWait()) {
            departSoon();
        } else {
            flush();
        }
        if (!upgraded && !linger.hasBegun()) {
            readOrWait();
            activeAt = shard.timers().now();
            patience.run(isBodyAwaited(), activeAt);
            watch();
        }
    }

    private void departSoon() {
        if (!departs) {
            departs = true;
            shard.departures().add(this);
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
            watch();
        }
    }

    /** Reads from the client unless there is more already than is wanted. */
    private void readOrWait() {
        boolean read = true;
        if (receiving != null) {
            read = receiving.body().isWanted();
        } else if (!input.isEmpty() && (upcoming == null || decoded > 0)) {
            // Requests that wait for those before them.
            read = input.bytes().readableBytes() <= shard.bytesPerTurn();
        }
        if (channel().config().isAutoRead() != read) {
            channel().config().setAutoRead(read);
        }
    }

    /** Takes of the input what can be taken now. */
    private void process() {
        if (processing) {
            return;
        }
        processing = true;
        try {
            int budget = shard.requestsPerTurn();
            while (proceed()) {
                if (--budget == 0) {
                    flushLater();
                    scheduled = scheduled || later();
                    break;
                }
            }
        } finally {
            processing = false;
            if (!channel().isActive()) {
                // It has closed meanwhile, and what is handled might look at its head until now.
                input.release();
            }
        }
    }

    private boolean later() {
        shard.shard().execute(this);
        return true;
    }

    private boolean proceed() {
        Exchange receives = receiving;
        ByteBuf in = input.bytes();
        if (receives != null) {
            Body body = receives.body();
            body.feed(in);
            if (body.isComplete()) {
                receiving = null;
                receives.waitsSince = batch.heardAt();
                return true;
            }
            if (body.isFailed() && !receives.response().isOver()) {
                close(receives);
            } else if (body.isFailed()) {
                closing = true;
            }
            return false;
        }
        if (!in.isReadable() || closing || upgraded || !mayBegin()) {
            return false;
        }
        Exchange exchange = upcoming;
        if (exchange == null && skipsBlank(in)) {
            return false;
        }
        if (exchange == null) {
            exchange = shard.takeExchange();
            exchange.begin(this, batch.readAt());
            upcoming = exchange;
            headSince = batch.heardAt();
        }
        HeadDecoder head = (HeadDecoder) exchange.request().head();
        long address = Memory.address(in) + in.readerIndex();
        int used = decoded;
        if (used > 0) {
            head.moved(address);
        } else {
            used = head.decode(address, in.readableBytes(), shard.limits());
            if (used == HeadDecoder.MORE) {
                return false;
            }
        }
        if (used > 0 && !queue.admits(exchange.request())) {
            decoded = used;
            return false;
        }
        if (used == HeadDecoder.FAILED && begins2(in)) {
            return false;
        }
        if (used > 0 && fresh && head.upgrades() && upgradesToHttp2(head, in, used)) {
            return false;
        }
        upcoming = null;
        decoded = 0;
        enqueue(exchange);
        if (used == HeadDecoder.FAILED) {
            in.skipBytes(in.readableBytes());
            shard.stats().refused(head.status());
            refuse(exchange, head.status(), head.message());
            return false;
        }
        in.skipBytes(used);
        handle(exchange, head);
        return true;
    }

    /** Whether what has come is the empty line that some clients send behind a body: no request has begun with it. */
    private boolean skipsBlank(ByteBuf in) {
        if (blank || in.readableBytes() != 2 || in.getByte(in.readerIndex()) != '\r'
                || in.getByte(in.readerIndex() + 1) != '\n') {
            return false;
        }
        blank = true;
        in.skipBytes(2);
        return true;
    }

    /** Answers what cannot be handled, behind what is under way; nothing more is read. */
    private void refuse(Exchange exchange, HttpResponseStatus status, String message) {
        closing = true;
        close(exchange);
        exchange.outlives = true;
        exchange.response().refuse(status, message);
    }

    /** Not while a client asks for more than it reads. */
    private boolean mayBegin() {
        return !last && queue.size() < shard.limits().maxPipelined() && !output().isBlocked()
                && (queue.size() < 2 || queue.heldBytes() <= shard.outputLimit() / 2);
    }

    private void enqueue(Exchange exchange) {
        fresh = false;
        blank = false;
        exchange.begin(this, batch.readAt());
        exchange.waitsSince = batch.heardAt();
        queue.add(exchange);
    }

    private void handle(Exchange exchange, HeadDecoder head) {
        if (!head.isKeepAlive()) {
            close(exchange);
        }
        exchange.body().begin(head.isChunked(), head.contentLength(), head.expectsContinue(), shard.limits());
        if (!exchange.body().isComplete()) {
            receiving = exchange;
            patience.begin(shard.limits());
        }
        Response response = exchange.response();
        shard.handle(exchange);
        if (receiving == exchange && exchange.body().isComplete()) {
            receiving = null;
        }
        if (response.isOver() && !exchange.outlives && receiving != exchange && !queue.holds(exchange)) {
            shard.giveExchange(exchange);
        } else {
            // Somebody may ask it for its head when the received bytes are gone.
            exchange.outlives |= !response.isOver();
            exchange.request().keep();
        }
        if (output().isEnough()) {
            flush();
        }
    }

    // ---- time

    /** Sees to it that whatever takes too long from here on is noticed. */
    private void watch() {
        if (!linger.hasBegun() && !upgraded) {
            timer.by(nextDeadline(), shard.timers().now());
        }
    }

    private long nextDeadline() {
        HttpLimits limits = shard.limits();
        if (isIdle()) {
            return activeAt + limits.idleNanos();
        }
        long next = HttpLimits.NEVER;
        if (isHeadComing()) {
            next = headSince + limits.headNanos();
        }
        if (isBodyAwaited()) {
            next = Math.min(next, patience.deadline());
        }
        if (output().isSending()) {
            next = Math.min(next, output().deadline(limits));
        }
        Body broken = broken();
        if (broken != null) {
            next = Math.min(next, broken.brokenUntil(limits));
        }
        for (Exchange each = queue.first(); each != null; each = each.next) {
            if (isHandlerAwaited(each)) {
                next = Math.min(next, each.waitsSince + limits.requestNanos());
            }
        }
        return next;
    }

    private boolean isIdle() {
        return queue.isEmpty() && receiving == null && upcoming == null && !output().isSending();
    }

    private boolean isHeadComing() {
        return upcoming != null && decoded == 0;
    }

    private boolean isBodyAwaited() {
        return receiving != null && receiving.body().isWanted();
    }

    /** A body that does not come whole, and whose response has not ended; null if there is none. */
    private @Nullable Body broken() {
        Exchange receives = receiving;
        return receives != null && receives.body().isFailed() && !receives.response().isOver() ? receives.body() : null;
    }

    private boolean isHandlerAwaited(Exchange exchange) {
        return exchange.response().isOpen() && !(exchange == receiving && exchange.body().isWanted());
    }

    /** A deadline may have passed. */
    void expired() {
        if (upgraded || !channel().isActive()) {
            return;
        }
        if (linger.hasBegun()) {
            linger.expired(channel());
            return;
        }
        long now = shard.timers().now();
        HttpLimits limits = shard.limits();
        output().observe();
        if (output().isUnread(now)) {
            shard.stats().timedOut(Timeout.UNREAD);
            die(new IOException("the client did not read"));
            return;
        }
        boolean outside = !batch.isOpen();
        batch.open();
        if (isHeadComing() && now - headSince >= limits.headNanos()) {
            Exchange late = Objects.requireNonNull(upcoming);
            upcoming = null;
            shard.stats().timedOut(Timeout.HEADER);
            enqueue(late);
            refuse(late, HttpResponseStatus.REQUEST_TIMEOUT, "the request's head took too long");
        }
        if (isBodyAwaited() && patience.isOver(now)) {
            bodyIsLate(Objects.requireNonNull(receiving), now);
        }
        Body broken = broken();
        if (broken != null && now >= broken.brokenUntil(limits)) {
            broken.breakOff();
        }
        for (Exchange each = queue.first(); each != null; each = each.next) {
            if (isHandlerAwaited(each) && now - each.waitsSince >= limits.requestNanos()) {
                shard.stats().timedOut(Timeout.REQUEST);
                log.warn("{} was not answered within {} ms: the client gets 503", each.request(),
                        TimeUnit.NANOSECONDS.toMillis(now - each.waitsSince));
                close(each);
                each.outlives = true;
                each.response().giveUp(HttpResponseStatus.SERVICE_UNAVAILABLE, "no answer in time");
            }
        }
        if (isIdle() && now - activeAt >= limits.idleNanos()) {
            closing = true;
        }
        if (outside) {
            batch.close();
        }
        flush();
        watch();
    }

    private void bodyIsLate(Exchange exchange, long now) {
        shard.stats().timedOut(Timeout.BODY);
        close(exchange);
        if (exchange.response().isOver()) {
            receiving = null;
            closing = true;
        } else {
            exchange.waitsSince = now;
            exchange.body().fail(new HttpException(HttpResponseStatus.REQUEST_TIMEOUT, "the body took too long"));
        }
    }

    // ---- output

    /** Sends what was written. */
    private void flush() {
        batch.count();
        if (!listening.isEmpty() && !upgraded) {
            output().whenSent(listening.take());
        }
        if (closing && queue.isEmpty() && !linger.hasBegun()) {
            linger.begin();
            linger.end(channel(), output().flushLast(), parted);
        } else if (output().flush()) {
            die(new IOException("the client left more unread than it may"));
        }
    }

    /** Leaves the connection to another protocol. */
    private void switchTo(Exchange over) {
        Consumer<Channel> next = Objects.requireNonNull(over.response().upgrade);
        ChannelHandlerContext context = context();
        upgraded = true;
        over.outlives = true;
        over.request().keep();
        channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        flush();
        ByteBuf rest = input.leave();
        Channel channel = channel();
        GatherBudget.handOver(shard.budget(), channel);
        try {
            next.accept(channel);
        } catch (RuntimeException e) {
            log.error("{} is closed: its upgrade failed", channel, e);
            channel.close();
        }
        channel.config().setAutoRead(true);
        if (rest != null) {
            context.fireChannelRead(rest);
            context.fireChannelReadComplete();
        }
        channel.pipeline().remove(this);
        if (halfClosed) {
            channel.close();
        }
        listening.tell(null);
    }

    // ---- HTTP/2

    private boolean agreedOnHttp2() {
        SslHandler tls = channel().pipeline().get(SslHandler.class);
        return tls != null && ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol());
    }

    /** Whether what comes in place of a request is the beginning of HTTP/2; then that is what is spoken from here on. */
    private boolean begins2(ByteBuf in) {
        if (!fresh || tls() != null || !shard.config().http().http2().enabled() || !Http2Upgrade.mayBePreface(in)) {
            return false;
        }
        if (Http2Upgrade.isPreface(in)) {
            becomeHttp2(null);
        }
        return true;
    }

    /** Whether a request of HTTP/1.1 is to be answered over HTTP/2; then it is. */
    private boolean upgradesToHttp2(HeadDecoder head, ByteBuf in, int length) {
        Http2Config config = shard.config().http().http2();
        if (tls() != null || !config.enabled() || !config.upgrade()) {
            return false;
        }
        Http2Upgrade upgrade = head.isChunked() || head.contentLength() > 0 || head.isHttp10()
                ? null
                : Http2Upgrade.of(head, head.target().substring(head.beforePath()));
        if (upgrade == null) {
            return false;
        }
        in.skipBytes(length);
        context().write(Unpooled.wrappedBuffer(Http2Upgrade.ACCEPTED));
        becomeHttp2(upgrade);
        return true;
    }

    /** Leaves the connection, and what was read of it, to HTTP/2. */
    private void becomeHttp2(@Nullable Http2Upgrade upgrade) {
        ChannelHandlerContext context = context();
        ByteBuf rest = input.leave();
        upcoming = null;
        upgraded = true;
        Http2Session session = Http2Sessions.session(shard, requests);
        channel().pipeline().addAfter(context.name(), Http2Output.NAME, new Http2Output(shard.stats()));
        channel().pipeline().addAfter(Http2Output.NAME, null, session);
        channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        channel().config().setAutoRead(true);
        if (upgrade != null) {
            session.upgraded(upgrade);
        }
        if (draining) {
            session.drain();
        }
        if (rest != null) {
            context.fireChannelRead(rest);
            context.fireChannelReadComplete();
        }
        channel().pipeline().remove(this);
    }

    private Outgoing output() {
        return Objects.requireNonNull(output);
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }
}
