package io.solaster.http.http2;

import java.io.IOException;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.solaster.http.exchange.Body;
import io.solaster.http.exchange.Carrier;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.wire.BodyTime;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream of an {@link Http2Session}, and the exchange on it. What the client sends of a body is kept until somebody
 * wants it, and only then is the client allowed to send more; what is written waits until the client allows it. On the
 * owning shard.
 */
final class Http2Carrier implements Carrier {
    private static final Logger log = LoggerFactory.getLogger(Http2Carrier.class);

    private final Http2Session session;
    private final Http2Stream stream;
    /** Null once the request has been read and the response written, or the stream was closed. */
    private @Nullable Exchange exchange;
    /** What is to be sent next: a head, what stands behind it, and what comes last. */
    private @Nullable Http2Headers head;
    private @Nullable ByteBuf data;
    private @Nullable Http2Headers trailers;
    /** What was received and is not wanted yet; few requests have a body. */
    private @Nullable KeptBody waiting;
    private boolean received;
    private boolean feeding;
    /** The rest of the request is not read, and the client is told so behind the response. */
    private boolean unwanted;
    private boolean sent;
    /** The handler has not been asked yet, since too much waits for the client. */
    private boolean held;
    /** Why it was cut off. */
    private @Nullable Throwable failure;
    private @Nullable BodyTime patience;
    /** When the client has last taken some of what waits for it, by the timers; and for how long it may take none then. */
    private long takenAt;
    private long patienceToRead;

    Http2Carrier(Http2Session session, Http2Stream stream, Exchange exchange) {
        this.session = session;
        this.stream = stream;
        this.exchange = exchange;
    }

    @Nullable
    Exchange exchange() {
        return exchange;
    }

    Http2Session session() {
        return session;
    }

    Http2Stream stream() {
        return stream;
    }

    @Override
    public Channel channel() {
        return session.context().channel();
    }

    @Override
    public boolean isDraining() {
        return session.isDraining();
    }

    void held(boolean waits) {
        held = waits;
    }

    // ---- the request

    /** All of the request has come with its head. */
    void receivedAll() {
        received = true;
    }

    /**
     * A part of the body has come.
     *
     * @return how many bytes of it are done with; the client may send as many more
     */
    int received(ByteBuf part, boolean last) {
        received = last;
        Exchange current = exchange;
        int size = part.readableBytes();
        if (current == null) {
            return size;
        }
        BodyTime runs = patience;
        if (runs != null) {
            runs.received(size, session.batch().heardAt(), current.shard().limits());
        }
        if (!hasWaiting()) {
            feed(current, part, last);
        }
        int done = size;
        if (part.isReadable() && exchange != null) {
            done -= part.readableBytes();
            keep(current, part);
        }
        settle(current);
        return done;
    }

    /** Keeps what nobody wants yet, if there is memory for it; the client may not send more until it is wanted. */
    private void keep(Exchange current, ByteBuf part) {
        if (current.body().isFailed()) {
            return;
        }
        KeptBody parts = waiting;
        if (parts == null) {
            parts = new KeptBody(session.budget());
            waiting = parts;
        }
        if (!parts.add(part, channel().alloc(), current.body().awaitsMemory())) {
            current.body().fail(current.shard().overload());
            parts.release();
        }
    }

    /** The body has ended with these. */
    void receivedTrailers(Http2Headers headers) {
        received = true;
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        HttpHeaders told = new DefaultHttpHeaders();
        headers.forEach(each -> told.add(each.getKey(), each.getValue()));
        current.body().trailers(told);
        if (!hasWaiting()) {
            feed(current, Unpooled.EMPTY_BUFFER, true);
        }
        settle(current);
    }

    private boolean hasWaiting() {
        return waiting != null && !waiting.isEmpty();
    }

    BodyTime patience() {
        BodyTime runs = patience;
        if (runs == null) {
            runs = new BodyTime();
            runs.begin(session.limits());
            patience = runs;
        }
        return runs;
    }

    private void feed(Exchange current, ByteBuf part, boolean last) {
        feeding = true;
        try {
            current.body().last(last);
            current.body().feed(part);
        } finally {
            feeding = false;
        }
    }

    @Override
    public void wanted(Exchange by) {
        if (!by.shard().shard().inEventLoop()) {
            by.shard().shard().execute(() -> wanted(by));
            return;
        }
        Body body = by.body();
        if (by != exchange) {
            body.feed(Unpooled.EMPTY_BUFFER);
            return;
        }
        if (feeding) {
            return;
        }
        if (body.isWanted() && body.owesContinue() && by.response().isOpen() && !hasWaiting() && !received) {
            session.encoder().writeHeaders(session.context(), stream.id(), Http2Head.CONTINUE, 0, false,
                    session.newPromise());
            body.continued();
            session.flushLater();
        }
        feedWaiting(by);
        settle(by);
    }

    private void feedWaiting(Exchange current) {
        Body body = current.body();
        int done = 0;
        KeptBody parts = waiting;
        while (parts != null && !parts.isEmpty() && body.isWanted()) {
            ByteBuf part = parts.first();
            int before = part.readableBytes();
            feed(current, part, received && parts.count() == 1);
            if (parts.isEmpty()) {
                // The stream was closed meanwhile, and what waited is gone.
                return;
            }
            done += before - part.readableBytes();
            if (part.isReadable()) {
                break;
            }
            parts.dropFirst();
        }
        if (!hasWaiting()) {
            feed(current, Unpooled.EMPTY_BUFFER, received);
        }
        if (done > 0) {
            session.consumed(stream, done);
        }
    }

    /** Sees what the last part has changed. */
    private void settle(Exchange current) {
        if (exchange != current) {
            return;
        }
        Body body = current.body();
        if (body.isFailed() && waiting != null) {
            waiting.release();
        }
        if (patience != null || body.isDue()) {
            patience().run(body.isDue(), session.now());
        }
        if (body.isComplete()) {
            current.waitsSince = session.batch().heardAt();
            if (current.response().isOver()) {
                exchange = null;
            }
        } else if (body.isFailed() && current.response().isOver()) {
            // The client is asked for no more of the request, once it has the response.
            unwanted = true;
            if (sent) {
                session.reset(this, Http2Error.NO_ERROR);
            }
        }
    }

    // ---- the response

    @Override
    public long endless(Exchange by) {
        return UNTIL_END;
    }

    @Override
    public Output head(Exchange by, HttpResponseStatus status, HeaderList headers, long length, int room) {
        session.batch().freshDate();
        head = Http2Head.of(by, status, headers, length);
        return output(by, room);
    }

    @Override
    public Output output(Exchange by, int room) {
        Output out = by.shard().output();
        if (room == 0) {
            out.toNothing();
            return out;
        }
        ByteBuf into = data;
        if (into == null) {
            into = channel().alloc().directBuffer(room);
            data = into;
        }
        out.to(into, room);
        return out;
    }

    @Override
    public void write(Exchange by, ByteBuf bytes) {
        handOver(null);
        send(bytes, false, session.newPromise());
    }

    @Override
    public void trailers(Exchange by, HeaderList behind) {
        trailers = Http2Head.trailers(behind);
    }

    @Override
    public boolean isWritable(Exchange by) {
        handOver(null);
        return session.encoder().flowController().isWritable(stream);
    }

    @Override
    public void flushLater() {
        handOver(null);
        session.flushLater();
    }

    @Override
    public void flushNow(Exchange by) {
        handOver(null);
        session.flush(session.context());
    }

    @Override
    public void ended(Exchange over) {
        if (exchange != over) {
            // What it wrote last was too much.
            return;
        }
        session.batch().answered(over);
        Body body = over.body();
        body.skip();
        ChannelPromise end = session.newPromise();
        if (over.response().hasListeners()) {
            over.outlives = true;
            end.addListener(done -> over.response().tell(done.isSuccess() ? null : whyNot(done.cause())));
        } else {
            over.response().tell(null);
        }
        // Within a part of it, whoever hands that over goes on.
        if (!body.isComplete() && !feeding) {
            feedWaiting(over);
        }
        if (body.isComplete()) {
            exchange = null;
        } else {
            over.outlives = true;
            unwanted |= body.owesContinue() || body.isTooLongToSkip();
            end.addListener(done -> {
                sent = true;
                if (unwanted && done.isSuccess()) {
                    session.reset(this, Http2Error.NO_ERROR);
                }
            });
        }
        handOver(end);
        session.flushLater();
        if (over.closes) {
            session.finish();
        }
    }

    /** Hands what there is to Netty, whose flow control it waits in. */
    private void handOver(@Nullable ChannelPromise end) {
        Http2Headers first = head;
        ByteBuf bytes = data;
        Http2Headers last = trailers;
        head = null;
        data = null;
        if (bytes != null && !bytes.isReadable()) {
            bytes.release();
            bytes = null;
        }
        boolean ends = end != null && last == null;
        if (first != null) {
            boolean alone = ends && bytes == null;
            session.encoder().writeHeaders(session.context(), stream.id(), first, 0, alone,
                    end != null && alone ? end : session.newPromise());
            ends &= !alone;
        }
        if (bytes != null) {
            send(bytes, ends, end != null && ends ? end : session.newPromise());
        } else if (end != null && ends) {
            send(Unpooled.EMPTY_BUFFER, true, end);
        }
        if (end != null && last != null) {
            trailers = null;
            session.encoder().writeHeaders(session.context(), stream.id(), last, 0, true, end);
        }
    }

    private void send(ByteBuf bytes, boolean end, ChannelPromise promise) {
        int length = bytes.readableBytes();
        if (!session.encoder().flowController().hasFlowControlled(stream)) {
            takenAt = session.now();
            patienceToRead = session.limits().bodyNanos();
        }
        Http2Backlog backlog = session.backlog();
        if (length > KeptBody.COPIED || length > 0 && !session.encoder().flowController().isWritable(stream)) {
            backlog.add(length, promise);
        } else {
            backlog.addSmall(length);
        }
        session.encoder().writeData(session.context(), stream.id(), bytes, 0, end, promise);
        if (backlog.isEnough()) {
            session.sendEnough(this);
        }
    }

    /** There is room for more of the response. */
    void roomAgain() {
        Exchange current = exchange;
        if (current != null) {
            current.response().becameWritable();
        }
    }

    /** The client lets so much of what waited be sent. */
    void taken(int bytes, long now) {
        patienceToRead = session.limits().patience(Math.max(0, patienceToRead - (now - takenAt)), bytes);
        takenAt = now;
    }

    // ---- what becomes of it

    @Override
    public void handOver(Exchange exchange, Consumer<Channel> next) {
        Http2Channel.open(exchange, next);
    }

    @Override
    public void abort(Exchange by, Throwable cause) {
        log.debug("{}: the response to {} is broken off", channel(), by.request(), cause);
        cutOff(cause);
        session.reset(this, Http2Error.INTERNAL_ERROR);
    }

    /** It ends here: the stream is, or will be, closed. */
    void cutOff(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        release();
        Exchange over = exchange;
        exchange = null;
        if (over == null) {
            return;
        }
        over.outlives = true;
        boolean answered = over.response().isOver();
        if (!answered) {
            over.response().cut();
        }
        over.body().fail(cause);
        over.body().release();
        if (!answered) {
            over.shard().tellEnd(over, cause);
            over.response().tell(cause);
        }
    }

    /** The stream is closed, as it is in the end. */
    void closed() {
        if (exchange != null) {
            cutOff(whyNot(null));
        } else {
            release();
        }
    }

    private Throwable whyNot(@Nullable Throwable cause) {
        Throwable known = failure;
        return known != null ? known : new IOException("the client has closed the connection", cause);
    }

    private void release() {
        if (waiting != null) {
            waiting.release();
        }
        head = null;
        ByteBuf bytes = data;
        data = null;
        if (bytes != null) {
            bytes.release();
        }
    }

    /** Whether the handler has been asked. */
    boolean isAsked() {
        return !held;
    }

    /** Whether something waits for the client to read. */
    boolean isUnread() {
        return session.encoder().flowController().hasFlowControlled(stream);
    }

    /** By when the client has to take some of what waits for it; where other streams are in the way, of theirs. */
    long readDeadline() {
        long own = takenAt + patienceToRead;
        return session.encoder().flowController().windowSize(stream) > 0 ? Math.max(own, session.readDeadline()) : own;
    }
}
