package io.solaster.http.exchange;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.BodySource;
import io.solaster.http.Failures;
import io.solaster.http.HttpException;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import io.solaster.http.encoding.ContentEncoding;
import io.solaster.http.files.FilePump;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import io.solaster.http.wire.StatusLines;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The response of an {@link Exchange}: collects what is set, and writes it when it is sent. On the owning shard, where
 * what is asked elsewhere is brought to.
 */
public final class Response implements HttpResponse, ResponseStream, BodySource {
    private static final Logger log = LoggerFactory.getLogger(Response.class);
    private static final String TEXT = "text/plain;charset=UTF-8";
    /** A body up to this is copied behind its head; a longer one is handed to the socket as it is. */
    public static final int COPIED = 8 << 10;
    /** A body beyond this is compressed in more turns than one. */
    private static final int PACKED_AT_ONCE = 32 << 10;
    /** The head of a chunk, and the ends of it and of the body. */
    private static final int CHUNK_ROOM = 32;

    private static final long UNKNOWN = -1;

    private enum State {
        OPEN, STREAMING, ENDED
    }

    private final Exchange exchange;
    private final HeaderList headers = new HeaderList();
    private final Packing packing;
    private final EndListeners listeners = new EndListeners();
    private HttpResponseStatus status = HttpResponseStatus.OK;
    private State state = State.OPEN;
    /** Somewhere else it was ended, or begun, and the shard will hear of it. */
    private boolean ending;
    private boolean beginning;
    /** The exchange was cut off: what is still asked is ignored. */
    private boolean cut;
    /** What is left of a length that was announced, or how the body ends. */
    private long left;
    private boolean dropsBody;
    private boolean full;
    /** There is no WebSocket where one was asked for, and the client has been told. */
    private boolean denied;
    /** Of the body; -1 before the head. */
    private long sent = -1;
    private @Nullable Runnable writable;
    private @Nullable WriteRoom room;
    /** Lets go of what was still to be written. */
    private @Nullable Runnable onCut;
    private @Nullable Runnable onDrain;
    @Nullable
    public Consumer<Channel> upgrade;

    Response(Exchange exchange) {
        this.exchange = exchange;
        this.packing = new Packing(exchange, headers);
    }

    HeaderList headers() {
        return headers;
    }

    void clear() {
        headers.clear();
        status = HttpResponseStatus.OK;
        state = State.OPEN;
        ending = false;
        beginning = false;
        cut = false;
        dropsBody = false;
        full = false;
        denied = false;
        sent = -1;
        writable = null;
        room = null;
        onCut = null;
        onDrain = null;
        listeners.clear();
        upgrade = null;
    }

    /** It serves nobody now: whoever asks something of it comes too late. */
    void rest() {
        state = State.ENDED;
        listeners.tell(null, exchange.request());
    }

    /** Whether the exchange was cut off. */
    boolean isCut() {
        return cut;
    }

    /** Whether this runs where the socket must not be touched: virtual threads of the shard may set, but not send. */
    private boolean isElsewhere() {
        return !exchange.shard().shard().inEventLoop();
    }

    private boolean isForeign() {
        return isElsewhere() && Shard.current() != exchange.shard().shard();
    }

    private void there(Runnable work) {
        exchange.atHome(null, work);
    }

    // ---- what is set

    @Override
    public HttpResponse status(HttpResponseStatus newStatus) {
        if (isForeign()) {
            there(() -> status(newStatus));
        } else if (isOpen("status ", newStatus)) {
            if (newStatus.code() < 200) {
                throw new IllegalArgumentException("status " + newStatus + ": the last answer is 200 or above;"
                        + " 100 is the server's matter, and for 101 there is upgrade()");
            }
            status = newStatus;
        }
        return this;
    }

    @Override
    public HttpResponseStatus status() {
        return status;
    }

    @Override
    public HttpResponse header(CharSequence name, CharSequence value) {
        if (isForeign()) {
            String fixedName = name.toString();
            String fixedValue = value.toString();
            there(() -> header(fixedName, fixedValue));
        } else if (isOpen("header ", name)) {
            headers.set(name, value);
        }
        return this;
    }

    @Override
    public HttpResponse addHeader(CharSequence name, CharSequence value) {
        if (isForeign()) {
            String fixedName = name.toString();
            String fixedValue = value.toString();
            there(() -> addHeader(fixedName, fixedValue));
        } else if (isOpen("header ", name)) {
            headers.add(name, value);
        }
        return this;
    }

    @Override
    public @Nullable String header(CharSequence name) {
        CharSequence value = headers.get(name);
        return value == null ? null : value.toString();
    }

    /** Whether the head may still be changed; false where the exchange was cut off and nobody cares. */
    private boolean isOpen(String what) {
        return isOpen(what, "");
    }

    /** As above, without putting the two together before somebody is to read them. */
    private boolean isOpen(String what, Object which) {
        if (cut) {
            return false;
        }
        if (state != State.OPEN) {
            throw new IllegalStateException(what + which + ": the response to " + exchange.request() + " has been "
                    + (state == State.ENDED ? "sent" : "begun"));
        }
        return true;
    }

    // ---- whole responses

    @Override
    public void send() {
        if (isElsewhere()) {
            ending = true;
            there(this::send);
        } else if (begins("send()", 0)) {
            head(0, 0).finish();
            over();
        }
    }

    @Override
    public void send(CharSequence text) {
        if (isElsewhere()) {
            ending = true;
            String fixed = text.toString();
            there(() -> send(fixed));
            return;
        }
        if (!begins("send(text)", 0)) {
            return;
        }
        if (!headers.contains(HttpHeaderNames.CONTENT_TYPE)) {
            headers.add(HttpHeaderNames.CONTENT_TYPE, TEXT);
        }
        int length = ByteBufUtil.utf8Bytes(text);
        ContentEncoding packs = packing.choose(status.code(), length);
        if (length > COPIED || packs != null) {
            ByteBuf body = exchange.carrier().channel().alloc().directBuffer(length);
            ByteBufUtil.writeUtf8(body, text);
            whole(body, packs);
            return;
        }
        Output out = head(length, length);
        if (!dropsBody) {
            out.utf8(text, length);
        }
        out.finish();
        over();
    }

    @Override
    public void send(byte[] body) {
        if (isElsewhere()) {
            ending = true;
            there(() -> send(body));
            return;
        }
        if (!begins("send(bytes)", 0)) {
            return;
        }
        ContentEncoding packs = packing.choose(status.code(), body.length);
        if (body.length > COPIED || packs != null) {
            whole(Unpooled.wrappedBuffer(body), packs);
            return;
        }
        Output out = head(body.length, body.length);
        if (!dropsBody) {
            out.bytes(body);
        }
        out.finish();
        over();
    }

    @Override
    public void send(ByteBuf body) {
        if (isElsewhere()) {
            ending = true;
            exchange.atHome(body, () -> send(body));
            return;
        }
        boolean begins = false;
        try {
            begins = begins("send(buffer)", 0);
        } finally {
            if (!begins) {
                body.release();
            }
        }
        if (begins) {
            whole(body, packing.choose(status.code(), body.readableBytes()));
        }
    }

    // ---- compression

    private void whole(ByteBuf body, @Nullable ContentEncoding packs) {
        if (packs == null) {
            whole(body);
        } else if (exchange.request().isHead()) {
            body.release();
            packing.announce(packs);
            head(Carrier.NO_BODY, 0).finish();
            over();
        } else if (body.readableBytes() > PACKED_AT_ONCE) {
            packing.announce(packs);
            packing.begin(packs);
            state = State.STREAMING;
            head(exchange.carrier().endless(exchange), 0).finish();
            pump(body);
        } else {
            ByteBuf packed = packing.whole(body, packs);
            if (packed != null) {
                packing.announce(packs);
            }
            whole(packed == null ? body : packed);
        }
    }

    /** Compresses a long body in parts, as fast as the client reads, with the shard's other work in between. */
    private void pump(ByteBuf body) {
        if (cut) {
            body.release();
            return;
        }
        boolean room = write(body.readRetainedSlice(Math.min(PACKED_AT_ONCE, body.readableBytes())));
        if (!body.isReadable()) {
            body.release();
            end();
        } else if (room) {
            there(() -> pump(body));
        } else {
            onCut = body::release;
            writable = () -> {
                onCut = null;
                pump(body);
            };
        }
    }

    @Override
    public void sendFile(FileChannel file, long position, long count) {
        if (isElsewhere()) {
            ending = true;
            there(() -> sendFile(file, position, count));
            return;
        }
        onEnd(failure -> FilePump.close(exchange.shard().shard(), file));
        if (!isOpen("sendFile()")) {
            return;
        }
        headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(count));
        boolean isHead = exchange.request().isHead();
        if (isHead || count == 0 || position + count > FileWindows.MOST
                || !exchange.carrier().sendsFiles(exchange)) {
            FilePump.send(exchange.request(), this, file,
                    List.of(new FilePump.Piece("", position, isHead ? 0 : count)));
            return;
        }
        stream();
        if (state == State.STREAMING && !dropsBody) {
            left = 0;
            new FileWindows(this, exchange.carrier(), file, position, count).send();
        } else if (state == State.STREAMING) {
            end();
        }
    }

    /** The client sees that the response does not come whole. */
    void abort(Throwable cause) {
        exchange.carrier().abort(exchange, cause);
    }

    @Override
    public ByteBuf newBody() {
        return isElsewhere() ? ByteBufAllocator.DEFAULT.directBuffer(FIRST_GUESS) : exchange.shard().takeBody();
    }

    /** Sends the head and this buffer. */
    private void whole(ByteBuf body) {
        int length = body.readableBytes();
        if (length <= COPIED) {
            Output out = head(length, length);
            if (!dropsBody) {
                out.bytes(body);
            }
            out.finish();
            body.release();
        } else {
            head(length, 0).finish();
            if (dropsBody) {
                body.release();
            } else {
                exchange.carrier().write(exchange, body);
            }
        }
        over();
    }

    /** Before the head: false where nothing is to be sent any more. */
    private boolean begins(String what, int failures) {
        if (!isOpen(what)) {
            return false;
        }
        if (exchange.body().isConversation() && status.code() < 300 && !denied) {
            // Over HTTP/2 the client would take it for a yes.
            denied = true;
            fail(new HttpException(HttpResponseStatus.BAD_REQUEST, "there is no WebSocket here"));
            return false;
        }
        try {
            exchange.request().match().beforeHead(exchange.request(), this);
        } catch (Exception e) {
            if (failures == 0) {
                fail(e);
            }
            return false;
        }
        return state == State.OPEN && !cut;
    }

    private void over() {
        state = State.ENDED;
        tellOfRoom();
        exchange.carrier().ended(exchange);
    }

    @Override
    public void fail(Throwable failure) {
        if (isElsewhere()) {
            there(() -> fail(failure));
            return;
        }
        if (cut) {
            return;
        }
        if (state == State.OPEN) {
            reset(Failures.cause(failure));
        }
        Throwable cause = exchange.request().match().failed(failure, exchange.request(), this);
        if (cause == null || cut) {
            return;
        }
        if (state == State.ENDED) {
            log.error("{} failed after it had been answered", exchange.request(), cause);
            return;
        }
        HttpResponseStatus answer = cause instanceof HttpException known
                ? known.status()
                : HttpResponseStatus.INTERNAL_SERVER_ERROR;
        // That a client sends a body which is none, or is too slow, is no news.
        if (answer.code() >= 500 && !(cause instanceof HttpException known && known.isTold())) {
            log.error("{} failed{}", exchange.request(), state == State.STREAMING
                    ? " when its response was begun; it is broken off"
                    : "", cause);
        }
        if (state == State.STREAMING) {
            exchange.carrier().abort(exchange, cause);
            return;
        }
        reset(cause);
        status = answer;
        String message = cause instanceof HttpException ? String.valueOf(cause.getMessage()) : answer.reasonPhrase();
        refuse(message);
    }

    /** Forgets what was set for another answer than to this failure, which may have headers of its own. */
    private void reset(Throwable cause) {
        headers.clear();
        status = HttpResponseStatus.OK;
        if (cause instanceof HttpException known) {
            known.headers().forEach(headers::set);
        }
    }

    /** Answers with a status that is set already and one line. */
    private void refuse(String message) {
        begins("an error", 1);
        if (state == State.OPEN && !cut) {
            headers.set(HttpHeaderNames.CONTENT_TYPE, TEXT);
            int length = ByteBufUtil.utf8Bytes(message) + 1;
            Output out = head(length, length);
            if (!dropsBody) {
                out.utf8(message, length - 1);
                out.put('\n');
            }
            out.finish();
            over();
        }
    }

    /** Answers what cannot be handled. */
    public void refuse(HttpResponseStatus with, String message) {
        if (state == State.OPEN && !cut) {
            headers.clear();
            status = with;
            refuse(message);
        }
    }

    // ---- the head

    /**
     * Writes the head.
     *
     * @param length of the body, or how it ends
     * @param room bytes that the caller writes behind it, unless no body is sent
     */
    private Output head(long length, int room) {
        boolean isHead = exchange.request().isHead();
        boolean bodyless = status.code() == 204 || status.code() == 304;
        dropsBody = isHead || bodyless;
        left = length == Carrier.UNTIL_END || length == Carrier.CHUNKED || !bodyless && !(isHead && length == 0)
                ? length
                : Carrier.NO_BODY;
        sent = dropsBody ? 0 : Math.max(0, length);
        return exchange.carrier().head(exchange, status, headers, left, dropsBody ? 0 : room);
    }

    // ---- streams

    @Override
    public ResponseStream stream() {
        if (isElsewhere()) {
            beginning = true;
            there(this::stream);
        } else if (begins("stream()", 0)) {
            long length = declaredLength();
            ContentEncoding packs = length == UNKNOWN ? packing.choose(status.code(), UNKNOWN) : null;
            if (packs != null) {
                packing.announce(packs);
                if (!exchange.request().isHead()) {
                    packing.begin(packs);
                }
            }
            state = State.STREAMING;
            // Whoever has asked for the stream may have it beyond its end.
            exchange.outlives = true;
            head(length != UNKNOWN ? length : exchange.carrier().endless(exchange), 0).finish();
            sent = 0;
            exchange.carrier().flushLater();
        }
        return this;
    }

    /** The Content-Length that is set, {@link #UNKNOWN} if none is. */
    private long declaredLength() {
        CharSequence declared = headers.get(HttpHeaderNames.CONTENT_LENGTH);
        if (declared == null) {
            return UNKNOWN;
        }
        try {
            long length = Long.parseLong(declared.toString());
            if (length >= 0) {
                return length;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new IllegalArgumentException("header Content-Length: '" + declared + "' is no length");
    }

    @Override
    public boolean write(ByteBuf part) {
        if (isElsewhere()) {
            return writeElsewhere(part);
        }
        int length = part.readableBytes();
        if (cut || dropsBody || length == 0) {
            part.release();
            return isWritable();
        }
        if (state != State.STREAMING || left >= 0 && left < length) {
            part.release();
            throw new IllegalStateException("write of " + length + " bytes to the response to " + exchange.request()
                    + (state != State.STREAMING
                            ? ", which is not begun or has ended"
                            : ", of whose Content-Length " + left + " bytes are left"));
        }
        left -= left >= 0 ? length : 0;
        writePart(packing.pack(part));
        exchange.carrier().flushLater();
        return isWritable();
    }

    private boolean writeElsewhere(ByteBuf part) {
        int length = part.readableBytes();
        boolean foreign = isForeign();
        boolean room = !full;
        if (cut && !foreign) {
            part.release();
            return false;
        }
        exchange.atHome(part, () -> {
            write(part);
            if (!room) {
                // Who has been told so waits to hear that there is.
                full = true;
                becameWritable();
            }
        });
        if (foreign) {
            return room;
        }
        room().handed(length);
        return !cut;
    }

    private WriteRoom room() {
        WriteRoom known = room;
        if (known == null) {
            known = new WriteRoom(exchange);
            room = known;
        }
        return known;
    }

    @Override
    public ShardFuture<@Nullable Void> writable() {
        exchange.shard().shard().assertOwner("writable() of a response");
        exchange.outlives = true;
        return room().writable();
    }

    @Override
    public OutputStream asOutputStream() {
        Shard.refuseToBlock("a response as a stream", "write() to it in parts");
        StreamOutput output = new StreamOutput(this);
        // Whoever does not close it leaves a part behind.
        onEnd(failure -> output.abandon());
        return output;
    }

    private void writePart(ByteBuf part) {
        int length = part.readableBytes();
        sent += length;
        boolean chunked = left == Carrier.CHUNKED;
        Carrier carrier = exchange.carrier();
        if (chunked || length <= COPIED) {
            Output out = carrier.output(exchange, CHUNK_ROOM + (length <= COPIED ? length : 0));
            if (chunked) {
                out.hex(length);
                out.crlf();
            }
            if (length <= COPIED) {
                out.bytes(part);
                if (chunked) {
                    out.crlf();
                }
            }
            out.finish();
        }
        if (length <= COPIED) {
            part.release();
        } else {
            carrier.write(exchange, part);
            if (chunked) {
                Output out = carrier.output(exchange, CHUNK_ROOM);
                out.crlf();
                out.finish();
            }
        }
    }

    @Override
    public void flush() {
        if (isElsewhere()) {
            there(this::flush);
        } else if (!cut && state == State.STREAMING) {
            exchange.carrier().flushNow(exchange);
        }
    }

    @Override
    public boolean isWritable() {
        if (isElsewhere()) {
            return !cut && !full;
        }
        boolean room = !cut && exchange.carrier().isWritable(exchange);
        full |= !room;
        return room;
    }

    @Override
    public void onWritable(Runnable listener) {
        if (isElsewhere()) {
            there(() -> onWritable(listener));
        } else {
            writable = listener;
        }
    }

    /** Whether somebody is to be told that there is room again. */
    public boolean waitsForRoom() {
        return full && state == State.STREAMING;
    }

    /** The client, or those before it, have made room. */
    public void becameWritable() {
        Runnable listener = writable;
        if (full && state == State.STREAMING && exchange.carrier().isWritable(exchange)) {
            full = false;
            if (listener != null) {
                listener.run();
            }
            tellOfRoom();
        }
    }

    private void tellOfRoom() {
        WriteRoom asked = room;
        if (asked != null) {
            asked.look();
        }
    }

    @Override
    public void end() {
        end(EmptyHttpHeaders.INSTANCE);
    }

    @Override
    public void end(HttpHeaders trailers) {
        if (isElsewhere()) {
            ending = true;
            there(() -> end(trailers));
            return;
        }
        if (cut) {
            return;
        }
        if (state != State.STREAMING) {
            throw new IllegalStateException("end() of the response to " + exchange.request()
                    + ", which is not begun or has ended");
        }
        if (left > 0 && !dropsBody) {
            exchange.carrier().abort(exchange, new IOException("the response ended " + left
                    + " bytes before its Content-Length"));
            return;
        }
        ByteBuf rest = packing.end();
        if (rest != null) {
            writePart(rest);
        }
        if (!dropsBody) {
            last(trailers);
        }
        over();
    }

    private void last(HttpHeaders trailers) {
        boolean chunked = left == Carrier.CHUNKED;
        if (trailers.isEmpty() || !exchange.request().acceptsTrailers()) {
            if (chunked) {
                Output out = exchange.carrier().output(exchange, CHUNK_ROOM);
                out.bytes(HttpShard.LAST_CHUNK);
                out.finish();
            }
            return;
        }
        headers.clear();
        for (Map.Entry<String, String> trailer : trailers) {
            headers.add(trailer.getKey(), trailer.getValue());
        }
        if (!chunked) {
            exchange.carrier().trailers(exchange, headers);
            return;
        }
        Output out = exchange.carrier().output(exchange, CHUNK_ROOM + headers.length());
        out.put('0');
        out.crlf();
        for (int i = 0; i < headers.count(); i++) {
            out.header(headers.name(i), headers.value(i));
        }
        out.crlf();
        out.finish();
    }

    // ---- what becomes of it

    @Override
    public void upgrade(Consumer<Channel> connection) {
        if (isElsewhere()) {
            ending = true;
            there(() -> upgrade(connection));
        } else if (isOpen("upgrade()")) {
            if (exchange.request().head().isOfStream()) {
                handOver(connection);
                return;
            }
            status = HttpResponseStatus.SWITCHING_PROTOCOLS;
            upgrade = connection;
            sent = 0;
            boolean named = headers.contains(HttpHeaderNames.CONNECTION);
            Output out = exchange.carrier().output(exchange, CHUNK_ROOM + HttpShard.UPGRADE.length + headers.length()
                    + StatusLines.of(status).length);
            out.bytes(StatusLines.of(status));
            for (int i = 0; i < headers.count(); i++) {
                out.header(headers.name(i), headers.value(i));
            }
            if (!named) {
                out.bytes(HttpShard.UPGRADE);
            }
            out.crlf();
            out.finish();
            over();
        }
    }

    /** Hands a stream of HTTP/2 over: RFC 8441. */
    private void handOver(Consumer<Channel> next) {
        if (!exchange.body().isConversation()) {
            throw new IllegalStateException("upgrade(): " + exchange.request() + " came over HTTP/2, where a request"
                    + " does not have the connection to itself unless it asks for a WebSocket; answer it, or ask for"
                    + " HTTP/1.1");
        }
        status = HttpResponseStatus.OK;
        state = State.STREAMING;
        head(exchange.carrier().endless(exchange), 0).finish();
        sent = 0;
        exchange.carrier().flushLater();
        exchange.shard().stats().upgrades.increment();
        exchange.carrier().handOver(exchange, next);
    }

    @Override
    public long bodyBytes() {
        return sent;
    }

    /** The kernel has sent so much of a file. */
    void sentFile(long bytes) {
        sent += bytes;
    }

    @Override
    public boolean isCommitted() {
        return state != State.OPEN || beginning || ending;
    }

    @Override
    public boolean isEnded() {
        return state == State.ENDED || ending;
    }

    /** Whether nothing more will be written. */
    public boolean isOver() {
        return state == State.ENDED;
    }

    /** Whether nothing has been written. */
    public boolean isOpen() {
        return state == State.OPEN;
    }

    @Override
    public void onEnd(Consumer<@Nullable Throwable> listener) {
        if (isElsewhere()) {
            there(() -> onEnd(listener));
            return;
        }
        exchange.outlives = true;
        listeners.add(listener, exchange.request());
    }

    @Override
    public void onDrain(Runnable listener) {
        if (isElsewhere()) {
            there(() -> onDrain(listener));
        } else if (state != State.ENDED) {
            onDrain = listener;
            if (exchange.carrier().isDraining()) {
                drain();
            }
        }
    }

    /** The server drains. */
    public void drain() {
        Runnable listener = onDrain;
        onDrain = null;
        if (listener != null && state != State.ENDED) {
            try {
                listener.run();
            } catch (RuntimeException e) {
                fail(e);
            }
        }
    }

    public boolean hasListeners() {
        return !listeners.isEmpty();
    }

    /** The exchange is over. */
    public void tell(@Nullable Throwable failure) {
        listeners.tell(failure, exchange.request());
    }

    /** Answers for a handler that has not; what that still asks is ignored. */
    public void giveUp(HttpResponseStatus with, String message) {
        refuse(with, message);
        cut();
    }

    /** It cannot be answered any more; what is still asked of it is ignored. */
    public void cut() {
        cut = true;
        state = State.ENDED;
        packing.release();
        tellOfRoom();
        Runnable last = onCut;
        onCut = null;
        if (last != null) {
            last.run();
        }
    }
}
