package io.solaster.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpStats.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/1 client: reads its requests in place, hands each to the handler as soon as its head is there, and answers in
 * the order of the requests. On the owning shard only.
 *
 * <p>
 * All that is read at once is one batch, with one write and flush at its end. Requests that change nothing are handled
 * beside each other where the client pipelines them; any other waits for those before it, and holds up those behind it.
 * What comes out of order is held back until its turn.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter implements Carrier, Runnable {
    private static final Logger log = LoggerFactory.getLogger(HttpConnection.class);
    /** How long a client has to close after our end of the stream, and how long to read the last response before it. */
    private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long UNREAD_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** Long enough for a turn that reads what the kernel already holds. */
    private static final long LAST_READ_MILLIS = 2;
    /** What is written beyond this is handed to the socket before more is. */
    private static final int ENOUGH_TO_SEND = 32 << 10;
    /** What may be held back of one response. */
    private static final int MOST_HELD = 64 << 10;

    /** RFC 9113, 3.4: how a client begins that knows us to speak HTTP/2. */
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final HttpShard shard;
    private final RequestStats requests;
    private @Nullable ChannelHandlerContext ctx;

    /** What was received and not yet taken. */
    private @Nullable ByteBuf input;
    /** What is to be sent at the end of the batch. */
    private @Nullable ByteBuf output;
    /** Something was handed to the socket and not flushed. */
    private boolean unflushed;

    /** Exchanges under way, in the order of their requests. */
    private @Nullable Exchange first;
    private @Nullable Exchange last;
    private int pending;
    private int unsafePending;
    /** Whose body is not all taken yet; over, perhaps, and nobody wants it. */
    private @Nullable Exchange receiving;
    /** Whose head has begun to come, or has come and waits for those before it: then its length. */
    private @Nullable Exchange upcoming;
    private int decoded;

    /** Between a read and the end of the batch. */
    private boolean inBatch;
    private boolean processing;
    private boolean scheduled;
    private boolean closing;
    private boolean lingering;
    private long lingersUntil;
    /** The client knows that the connection ends, and has sent no more than we have read. */
    private boolean parted;
    private boolean draining;
    /** The client has ended its side, and may still be answered. */
    private boolean halfClosed;
    private boolean upgraded;
    /** No request has come yet. */
    private boolean fresh = true;

    /** What is left of the time for which the client may fall behind within a body; it runs while the body is awaited. */
    private long patience;
    private long patienceSince;
    private boolean awaitsBody;

    private final ConnectionTimer timer;
    /** When the head that comes has begun, when something was heard, and when something was done, by the timers. */
    private long headSince;
    private long heardAt;
    private long activeAt;
    private final SocketWatch socket = new SocketWatch();
    /** The kernel is sending a part of a file; and how many it has sent. */
    private boolean sendsFile;
    private long fileParts;
    private long readAt;
    /** Requests of this batch that were answered in it, and how many of those with an error. */
    private int answered;
    private int errors;
    private @Nullable List<Exchange> toTell;

    HttpConnection(HttpShard shard, RequestStats requests) {
        this.shard = shard;
        this.requests = requests;
        this.timer = new ConnectionTimer(shard.timers(), this::expired);
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
                && (input == null || !input.isReadable())) {
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
        ByteBuf in = input;
        body.feed(in == null ? Unpooled.EMPTY_BUFFER : in);
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
        if (!inBatch) {
            shard.now();
        }
        if (exchange == receiving && (exchange.body().isTooLongToSkip() || exchange.body().owesContinue())) {
            exchange.closes = true;
        }
        if (draining && exchange.next == null && (input == null || !input.isReadable())) {
            exchange.closes = true;
        }
    }

    @Override
    public Output output(Exchange exchange, int room) {
        ByteBuf into;
        if (exchange == first) {
            into = output;
            if (into == null) {
                into = shard.takeReplies();
                output = into;
            }
        } else {
            into = exchange.held;
            if (into == null) {
                into = channel().alloc().directBuffer(room);
                exchange.held = into;
            }
        }
        Output out = shard.output();
        out.to(into, room);
        return out;
    }

    @Override
    public void write(Exchange exchange, ByteBuf bytes) {
        if (exchange == first) {
            handOver();
            shard.stats().bytesOut.add(bytes.readableBytes());
            context().write(bytes, context().voidPromise());
            unflushed = true;
        } else {
            ByteBuf into = exchange.held;
            if (into == null) {
                into = channel().alloc().directBuffer(bytes.readableBytes());
                exchange.held = into;
            }
            into.writeBytes(bytes);
            bytes.release();
        }
    }

    @Override
    public boolean isDraining() {
        return draining;
    }

    /** Whether the kernel can send files for an exchange: behind nobody else's response, and unencrypted. */
    boolean sendsFiles(Exchange exchange) {
        return exchange == first && tls() == null;
    }

    /** Has the kernel send a part of a file behind what was written; one at a time. */
    void write(FileRegion part, ChannelFutureListener listener) {
        handOver();
        unflushed = false;
        sendsFile = true;
        context().writeAndFlush(part).addListener(sent -> {
            sendsFile = false;
            fileParts++;
        }).addListener(listener);
        observeOutput(shard.timers().now());
        watch();
    }

    @Override
    public boolean isWritable(Exchange exchange) {
        if (exchange != first) {
            return exchange.held == null || exchange.held.readableBytes() < MOST_HELD;
        }
        if (output != null && output.readableBytes() > ENOUGH_TO_SEND) {
            flush();
        }
        return channel().isWritable();
    }

    @Override
    public void flushLater() {
        if (!inBatch && !scheduled) {
            scheduled = true;
            shard.shard().execute(this);
        }
    }

    @Override
    public void flushNow(Exchange exchange) {
        if (exchange == first) {
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
        if (exchange != first) {
            return;
        }
        Exchange over = exchange;
        while (over != null && over.response().isOver()) {
            pop(over);
            if (over.closes || over.response().upgrade != null) {
                closing = over.closes;
                parted = halfClosed || receiving == null && !((RequestDecoder) over.request().head()).isKeepAlive()
                        && (input == null || !input.isReadable());
                dropRest(new IOException("the connection was closed with the response before this one"));
                if (over.response().upgrade != null) {
                    switchTo(over);
                    return;
                }
                break;
            }
            over = first;
            if (over != null && over.held != null) {
                ByteBuf held = over.held;
                over.held = null;
                write(over, held);
            }
        }
        if (first == null && draining && (input == null || !input.isReadable())) {
            closing = true;
        }
        if (over != null && over == first && !over.response().isOver()) {
            over.response().becameWritable();
        }
        if (!inBatch) {
            resume();
        }
    }

    private void pop(Exchange over) {
        first = over.next;
        if (first == null) {
            last = null;
        }
        pending--;
        if (!over.request().isSafe()) {
            unsafePending--;
        }
        boolean failed = over.response().status().code() >= 500;
        shard.stats().answered(over.response().status());
        shard.tellEnd(over, null);
        if (over.begunAt == readAt && inBatch) {
            answered++;
            errors += failed ? 1 : 0;
        } else {
            requests.answered(System.nanoTime() - over.begunAt, 1, failed ? 1 : 0);
        }
        over.body().skip();
        if (over.response().hasListeners()) {
            over.request().keep();
            over.outlives = true;
            if (toTell == null) {
                toTell = new ArrayList<>(2);
            }
            toTell.add(over);
        }
        if (over.outlives) {
            over.next = null;
            if (!over.response().hasListeners() && over.response().upgrade == null) {
                over.leaveRoom();
            }
        }
    }

    /** The client sees it in a connection that breaks off. */
    @Override
    public void abort(Exchange exchange, Throwable cause) {
        log.debug("{} is closed in the middle of the response to {}", channel(), exchange.request(), cause);
        if (exchange == first) {
            flush();
        }
        die(cause);
    }

    /** Closes at once; on some transports that takes until the next turn. */
    private void die(Throwable cause) {
        closing = true;
        lingering = true;
        dropRest(cause);
        channel().close();
    }

    private void dropRest(Throwable cause) {
        Exchange each = first;
        first = null;
        last = null;
        pending = 0;
        unsafePending = 0;
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
        lingering = true;
        IOException gone = new IOException("the client has closed the connection");
        Exchange receives = receiving;
        dropRest(gone);
        if (receives != null) {
            receives.body().fail(gone);
        }
        tell(gone);
        timer.cancel();
        release();
        context.fireChannelInactive();
    }

    private void release() {
        if (input != null) {
            input.release();
            input = null;
        }
        if (output != null) {
            output.release();
            output = null;
        }
        upcoming = null;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf received = (ByteBuf) message;
        if (closing) {
            received.release();
            return;
        }
        if (!inBatch) {
            inBatch = true;
            readAt = shard.now();
            heardAt = shard.timers().now();
        }
        shard.stats().bytesIn.add(received.readableBytes());
        if (awaitsBody) {
            patience = shard.limits().patience(patience - (heardAt - patienceSince), received.readableBytes());
            patienceSince = heardAt;
        }
        if (!received.isDirect()) {
            ByteBuf copy = context.alloc().directBuffer(received.readableBytes()).writeBytes(received);
            received.release();
            received = copy;
        }
        if (input == null) {
            input = received;
        } else {
            append(received);
        }
        process();
        keepRest();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (inBatch) {
            endBatch();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && !upgraded) {
            Exchange front = first;
            if (front != null) {
                front.response().becameWritable();
            }
            if (!inBatch && input != null) {
                flushLater();
            }
        }
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event) && !draining) {
            draining = true;
            for (Exchange each = first; each != null;) {
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
        if (!upgraded && !closing && first == null && channel().isActive()) {
            closing = true;
            flush();
        }
    }

    // ---- input

    private void append(ByteBuf received) {
        ByteBuf into = Objects.requireNonNull(input);
        int bytes = received.readableBytes();
        if (!into.isReadable()) {
            into.release();
            input = received;
            return;
        }
        if (bytes > into.writableBytes()) {
            ByteBuf larger = context().alloc().directBuffer(2 * (into.readableBytes() + bytes));
            larger.writeBytes(into);
            into.release();
            input = larger;
            into = larger;
        }
        into.writeBytes(received);
        received.release();
    }

    /** Keeps what is not yet taken, in no more memory than it needs. */
    private void keepRest() {
        ByteBuf rest = input;
        if (rest == null) {
            return;
        }
        int bytes = rest.readableBytes();
        if (bytes == 0) {
            rest.release();
            input = null;
        } else if (bytes < rest.capacity() / 4) {
            input = context().alloc().directBuffer(bytes).writeBytes(rest);
            rest.release();
        }
    }

    /** Goes on outside of a batch. */
    private void resume() {
        if (processing || upgraded || !channel().isActive()) {
            return;
        }
        inBatch = true;
        readAt = shard.now();
        process();
        keepRest();
        endBatch();
    }

    private void endBatch() {
        // Before the flush, within which the socket may say that it has room, and a stream may write more.
        inBatch = false;
        if (halfClosed && first == null && receiving == null && !scheduled && (input == null || mayBegin())) {
            // What is left, if anything, is a part of a request whose rest will not come.
            closing = true;
        }
        flush();
        if (!upgraded && !lingering) {
            readOrWait();
            activeAt = shard.timers().now();
            awaitBody(activeAt);
            watch();
        }
    }

    /** Time runs for the client while somebody waits for more of its body, and for nobody while the handler has enough. */
    private void awaitBody(long now) {
        boolean awaits = isBodyAwaited();
        if (awaits && !awaitsBody) {
            patienceSince = now;
        } else if (!awaits && awaitsBody) {
            patience -= now - patienceSince;
        }
        awaitsBody = awaits;
    }

    /** Reads from the client unless there is more already than is wanted. */
    private void readOrWait() {
        boolean read = true;
        ByteBuf rest = input;
        if (receiving != null) {
            read = receiving.body().isWanted();
        } else if (rest != null && (upcoming == null || decoded > 0)) {
            // Requests that wait for those before them.
            read = rest.readableBytes() <= shard.bytesPerTurn();
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
        }
    }

    private boolean later() {
        shard.shard().execute(this);
        return true;
    }

    private boolean proceed() {
        Exchange receives = receiving;
        ByteBuf in = input;
        if (receives != null) {
            Body body = receives.body();
            body.feed(in == null ? Unpooled.EMPTY_BUFFER : in);
            if (body.isComplete()) {
                receiving = null;
                receives.waitsSince = heardAt;
                return true;
            }
            if (body.isFailed() && !receives.response().isOver()) {
                receives.closes = true;
            } else if (body.isFailed()) {
                closing = true;
            }
            return false;
        }
        if (closing || upgraded || in == null || !in.isReadable() || !mayBegin()) {
            return false;
        }
        Exchange exchange = upcoming;
        if (exchange == null) {
            exchange = shard.takeExchange();
            exchange.begin(this, readAt);
            upcoming = exchange;
            headSince = heardAt;
        }
        RequestDecoder head = (RequestDecoder) exchange.request().head();
        long address = Memory.address(in) + in.readerIndex();
        int used = decoded;
        if (used > 0) {
            head.moved(address);
        } else {
            used = head.decode(address, in.readableBytes(), shard.limits());
            if (used == RequestDecoder.MORE) {
                return false;
            }
        }
        if (used > 0 && pending > 0 && (unsafePending > 0 || !exchange.request().isSafe())) {
            decoded = used;
            return false;
        }
        if (used == RequestDecoder.FAILED && begins2(in)) {
            return false;
        }
        if (used > 0 && fresh && head.upgrades() && upgradesToHttp2(head, in, used)) {
            return false;
        }
        upcoming = null;
        decoded = 0;
        enqueue(exchange);
        if (used == RequestDecoder.FAILED) {
            in.skipBytes(in.readableBytes());
            shard.stats().refused(head.status());
            refuse(exchange, head.status(), head.message());
            return false;
        }
        in.skipBytes(used);
        handle(exchange, head);
        return true;
    }

    /** Answers what cannot be handled, behind what is under way; nothing more is read. */
    private void refuse(Exchange exchange, HttpResponseStatus status, String message) {
        closing = true;
        exchange.closes = true;
        exchange.outlives = true;
        exchange.response().refuse(status, message);
    }

    /** Not while a client asks for more than it reads. */
    private boolean mayBegin() {
        return pending < shard.limits().maxPipelined() && channel().isWritable();
    }

    private void enqueue(Exchange exchange) {
        fresh = false;
        exchange.begin(this, readAt);
        exchange.waitsSince = heardAt;
        Exchange before = last;
        if (before == null) {
            first = exchange;
        } else {
            before.next = exchange;
        }
        last = exchange;
        pending++;
        if (!exchange.request().isSafe()) {
            unsafePending++;
        }
    }

    private void handle(Exchange exchange, RequestDecoder head) {
        exchange.closes = !head.isKeepAlive();
        exchange.body().begin(head, shard.limits());
        if (!exchange.body().isComplete()) {
            receiving = exchange;
            patience = shard.limits().bodyNanos();
            awaitsBody = false;
        }
        Response response = exchange.response();
        shard.handle(exchange);
        if (receiving == exchange && exchange.body().isComplete()) {
            receiving = null;
        }
        if (!response.isOver()) {
            exchange.outlives = true;
            exchange.request().keep();
        } else if (!exchange.outlives && receiving != exchange && exchange.next == null && exchange != first
                && exchange != last) {
            shard.giveExchange(exchange);
        } else if (exchange.started && (exchange == first || exchange.next != null || exchange == last)) {
            // The listener is told once those before it are over, when the received bytes are gone.
            exchange.request().keep();
        }
        if (output != null && output.readableBytes() > ENOUGH_TO_SEND) {
            flush();
        }
    }

    // ---- time

    /** Sees to it that whatever takes too long from here on is noticed. */
    private void watch() {
        if (!lingering && !upgraded) {
            timer.by(nextDeadline(), shard.timers().now());
        }
    }

    private long nextDeadline() {
        HttpLimits limits = shard.limits();
        if (first == null && receiving == null && upcoming == null && !socket.isSending()) {
            return activeAt + limits.idleNanos();
        }
        long next = HttpLimits.NEVER;
        if (isHeadComing()) {
            next = headSince + limits.headNanos();
        }
        if (isBodyAwaited()) {
            next = Math.min(next, patienceSince + patience);
        }
        if (socket.isSending()) {
            next = Math.min(next, socket.takenAt() + limits.bodyNanos());
        }
        for (Exchange each = first; each != null; each = each.next) {
            if (isHandlerAwaited(each)) {
                next = Math.min(next, each.waitsSince + limits.requestNanos());
            }
        }
        return next;
    }

    private boolean isHeadComing() {
        return upcoming != null && decoded == 0;
    }

    private boolean isBodyAwaited() {
        return receiving != null && receiving.body().isWanted();
    }

    private boolean isHandlerAwaited(Exchange exchange) {
        return exchange.response().isOpen() && !(exchange == receiving && exchange.body().isWanted());
    }

    /** A deadline may have passed. */
    void expired() {
        if (upgraded || !channel().isActive()) {
            return;
        }
        long now = shard.timers().now();
        if (lingering) {
            if (now >= lingersUntil) {
                channel().close();
            } else {
                timer.by(lingersUntil, now);
            }
            return;
        }
        HttpLimits limits = shard.limits();
        observeOutput(now);
        if (socket.isSending() && now - socket.takenAt() >= limits.bodyNanos()) {
            log.debug("{} has not read for {} ms: it is closed", channel(),
                    TimeUnit.NANOSECONDS.toMillis(now - socket.takenAt()));
            shard.stats().timedOut(Timeout.UNREAD);
            die(new IOException("the client did not read"));
            return;
        }
        boolean outside = !inBatch;
        inBatch = true;
        if (isHeadComing() && now - headSince >= limits.headNanos()) {
            Exchange late = Objects.requireNonNull(upcoming);
            upcoming = null;
            shard.stats().timedOut(Timeout.HEADER);
            enqueue(late);
            refuse(late, HttpResponseStatus.REQUEST_TIMEOUT, "the request's head took too long");
        }
        if (isBodyAwaited() && awaitsBody && now - patienceSince >= patience) {
            bodyIsLate(Objects.requireNonNull(receiving), now);
        }
        for (Exchange each = first; each != null; each = each.next) {
            if (isHandlerAwaited(each) && now - each.waitsSince >= limits.requestNanos()) {
                shard.stats().timedOut(Timeout.REQUEST);
                log.warn("{} was not answered within {} ms: the client gets 503", each.request(),
                        TimeUnit.NANOSECONDS.toMillis(now - each.waitsSince));
                each.closes = true;
                each.outlives = true;
                each.response().giveUp(HttpResponseStatus.SERVICE_UNAVAILABLE, "no answer in time");
            }
        }
        if (first == null && receiving == null && upcoming == null && !socket.isSending()
                && now - activeAt >= limits.idleNanos()) {
            closing = true;
        }
        inBatch = !outside;
        flush();
        watch();
    }

    private void bodyIsLate(Exchange exchange, long now) {
        shard.stats().timedOut(Timeout.BODY);
        exchange.closes = true;
        if (exchange.response().isOver()) {
            receiving = null;
            closing = true;
        } else {
            exchange.waitsSince = now;
            exchange.body().fail(new HttpException(HttpResponseStatus.REQUEST_TIMEOUT, "the body took too long"));
        }
    }

    private void observeOutput(long now) {
        // A part of a file counts for nothing among Netty's pending bytes.
        socket.observe(channel(), now, sendsFile ? 1 : 0, fileParts);
    }

    // ---- output

    /** Hands what was written to the socket, which does not send it yet. */
    private void handOver() {
        ByteBuf written = output;
        if (written == null) {
            return;
        }
        output = null;
        shard.stats().bytesOut.add(written.readableBytes());
        if (written.isReadable()) {
            context().write(written, context().voidPromise());
            unflushed = true;
        } else {
            written.release();
        }
    }

    /** Sends what was written. */
    private void flush() {
        if (answered > 0) {
            requests.answered(System.nanoTime() - readAt, answered, errors);
            answered = 0;
            errors = 0;
        }
        List<Exchange> listening = toTell;
        if (listening != null && !upgraded) {
            toTell = null;
            handOver();
            tellWhenSent(listening);
            unflushed = true;
        }
        boolean closes = closing && first == null && !lingering;
        if (closes) {
            lingering = true;
            linger();
            return;
        }
        handOver();
        if (unflushed) {
            unflushed = false;
            context().flush();
            observeOutput(shard.timers().now());
            checkOutput();
        }
    }

    /** What is behind them in the socket's queue is sent when they are. */
    private void tellWhenSent(List<Exchange> listening) {
        ChannelPromise sent = context().newPromise();
        sent.addListener(done -> tell(listening, done.cause()));
        context().write(Unpooled.EMPTY_BUFFER, sent);
    }

    private void tell(@Nullable Throwable cause) {
        List<Exchange> listening = toTell;
        toTell = null;
        if (listening != null) {
            tell(listening, cause);
        }
    }

    private static void tell(List<Exchange> listening, @Nullable Throwable cause) {
        for (Exchange each : listening) {
            each.response().tell(cause);
            each.leaveRoom();
        }
    }

    private void checkOutput() {
        ChannelOutboundBuffer waiting = channel().unsafe().outboundBuffer();
        if (waiting != null && waiting.totalPendingWriteBytes() > shard.outputLimit()) {
            shard.stats().outputOverflows.increment();
            log.warn("{} does not read: {} bytes of responses wait, over limits.output-buffer ({}); it is closed",
                    channel(), waiting.totalPendingWriteBytes(), shard.config().limits().outputBuffer());
            die(new IOException("the client left more unread than it may"));
        }
    }

    /** Sends the last response and closes. Closing with bytes unread would reset the connection and destroy it. */
    private void linger() {
        Channel channel = channel();
        ByteBuf written = output == null ? Unpooled.EMPTY_BUFFER : output;
        output = null;
        unflushed = false;
        lingers(UNREAD_NANOS);
        shard.stats().bytesOut.add(written.readableBytes());
        ChannelFuture last = context().writeAndFlush(written);
        endOutput(channel, last, parted, () -> lingers(LINGER_NANOS));
    }

    /**
     * Ends the output, and closes once the client has, or when its time is up.
     *
     * @param last the last that was written
     * @param parted whether the client knows, and has sent nothing that is unread
     * @param lingers gives it time
     */
    static void endOutput(Channel channel, ChannelFuture last, boolean parted, Runnable lingers) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        // Over TLS there is a word for the end, which the client must have before that of TCP.
        (tls == null ? last : tls.closeOutbound()).addListener(sent -> {
            if (sent.isSuccess() && !parted && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
                channel.config().setAutoRead(true);
                lingers.run();
            } else {
                channel.close();
            }
        });
    }

    private void lingers(long nanos) {
        long now = shard.timers().now();
        lingersUntil = now + nanos;
        timer.by(lingersUntil, now);
    }

    /** Leaves the connection to another protocol. */
    private void switchTo(Exchange over) {
        Consumer<Channel> next = Objects.requireNonNull(over.response().upgrade);
        ChannelHandlerContext context = context();
        upgraded = true;
        channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        flush();
        ByteBuf rest = input;
        input = null;
        List<Exchange> listening = toTell;
        toTell = null;
        Channel channel = channel();
        try {
            next.accept(channel);
        } catch (RuntimeException e) {
            log.error("{} is closed: its upgrade failed", channel, e);
            channel.close();
        }
        channel.config().setAutoRead(true);
        if (rest != null && rest.isReadable()) {
            context.fireChannelRead(rest);
            context.fireChannelReadComplete();
        } else if (rest != null) {
            rest.release();
        }
        channel.pipeline().remove(this);
        if (halfClosed) {
            channel.close();
        }
        if (listening != null) {
            tell(listening, null);
        }
    }

    // ---- HTTP/2

    private boolean agreedOnHttp2() {
        SslHandler tls = channel().pipeline().get(SslHandler.class);
        return tls != null && ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol());
    }

    /** Whether what comes in place of a request is the beginning of HTTP/2; then that is what is spoken from here on. */
    private boolean begins2(ByteBuf in) {
        int known = Math.min(in.readableBytes(), PREFACE.length);
        if (!fresh || tls() != null || !shard.config().http().http2().enabled()) {
            return false;
        }
        for (int i = 0; i < known; i++) {
            if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
                return false;
            }
        }
        if (known == PREFACE.length) {
            becomeHttp2(null);
        }
        return true;
    }

    /** Whether a request of HTTP/1.1 is to be answered over HTTP/2; then it is. */
    private boolean upgradesToHttp2(RequestDecoder head, ByteBuf in, int length) {
        if (tls() != null || !shard.config().http().http2().enabled()) {
            return false;
        }
        Http2Upgrade upgrade = Http2Upgrade.of(head);
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
        ByteBuf rest = input;
        input = null;
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

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }
}
