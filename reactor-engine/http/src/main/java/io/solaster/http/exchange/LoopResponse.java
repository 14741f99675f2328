package io.solaster.http.exchange;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.HttpException;
import io.solaster.http.encoding.ContentEncoding;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;

/**
 * The loop's part of a response: writes it, and serves again for another one. {@link Response} is what a handler has of it.
 * On the owning shard, and on its loop.
 */
public final class LoopResponse {
    /** A body up to this is copied behind its head; a longer one is handed to the socket as it is. */
    public static final int COPIED = 8 << 10;
    static final String TEXT = "text/plain;charset=UTF-8";

    enum State {
        OPEN, STREAMING, ENDED
    }

    final Exchange exchange;
    final HeaderList headers = new HeaderList();
    final EndListeners listeners = new EndListeners();
    private final Packing packing;
    HttpResponseStatus status = HttpResponseStatus.OK;
    State state = State.OPEN;
    /** The exchange was cut off: what is still asked is ignored. */
    boolean cut;
    /** What is left of a length that was announced, or how the body ends. */
    private long left;
    boolean dropsBody;
    boolean full;
    /** There is no WebSocket where one was asked for, and the client has been told. */
    private boolean denied;
    /** Of the body; -1 before the head. */
    private long sent = -1;
    @Nullable
    Runnable writable;
    @Nullable
    WriteRoom room;
    /** Lets go of what was still to be written. */
    @Nullable
    Runnable onCut;
    /** Told when the server drains. */
    private @Nullable Runnable drained;
    @Nullable
    public Consumer<Channel> upgrade;

    LoopResponse(Exchange exchange) {
        this.exchange = exchange;
        this.packing = new Packing(exchange, headers);
    }

    void clear() {
        headers.clear();
        status = HttpResponseStatus.OK;
        state = State.OPEN;
        cut = false;
        dropsBody = false;
        full = false;
        denied = false;
        sent = -1;
        writable = null;
        room = null;
        onCut = null;
        drained = null;
        listeners.clear();
        upgrade = null;
    }

    /** Whether the head may still be changed; false where the exchange was cut off and nobody cares. */
    boolean isOpen(String what) {
        return isOpen(what, "");
    }

    /** As above, without putting the two together before somebody is to read them. */
    boolean isOpen(String what, Object which) {
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

    public void send() {
        if (begins("send()", 0)) {
            head(0, 0).finish();
            over();
        }
    }

    public void send(CharSequence text) {
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
            packing.send(this, body, packs);
            return;
        }
        Output out = head(length, length);
        if (!dropsBody) {
            out.utf8(text, length);
        }
        out.finish();
        over();
    }

    public void send(byte[] body) {
        if (!begins("send(bytes)", 0)) {
            return;
        }
        ContentEncoding packs = packing.choose(status.code(), body.length);
        if (body.length > COPIED || packs != null) {
            packing.send(this, Unpooled.wrappedBuffer(body), packs);
            return;
        }
        Output out = head(body.length, body.length);
        if (!dropsBody) {
            out.bytes(body);
        }
        out.finish();
        over();
    }

    public void send(ByteBuf body) {
        boolean begins = false;
        try {
            begins = begins("send(buffer)", 0);
        } finally {
            if (!begins) {
                body.release();
            }
        }
        if (begins) {
            packing.send(this, body, packing.choose(status.code(), body.readableBytes()));
        }
    }

    public void sendFile(FileChannel file, long position, long count) {
        FileWindows.send(this, file, position, count);
    }

    public void sendFile(ShardFile file, long position, long count) {
        FileWindows.send(this, file, position, count);
    }

    /** The client sees that the response does not come whole. */
    void abort(Throwable cause) {
        exchange.carrier().abort(exchange, cause);
    }

    /** Sends the head and this buffer. */
    void whole(ByteBuf body) {
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
    boolean begins(String what, int failures) {
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
            exchange.request().match().beforeHead(exchange.handlersRequest(), exchange.handlersResponse());
        } catch (Exception e) {
            if (failures == 0) {
                fail(e);
            }
            return false;
        }
        return state == State.OPEN && !cut;
    }

    void over() {
        state = State.ENDED;
        tellOfRoom();
        exchange.carrier().ended(exchange);
    }

    public void fail(Throwable failure) {
        ResponseFailures.fail(this, failure);
    }

    /** Answers what cannot be handled. */
    public void refuse(HttpResponseStatus with, String message) {
        if (state == State.OPEN && !cut) {
            headers.clear();
            status = with;
            ResponseFailures.refuse(this, message);
        }
    }

    // ---- the head

    /**
     * Writes the head.
     *
     * @param length of the body, or how it ends
     * @param room bytes that the caller writes behind it, unless no body is sent
     */
    Output head(long length, int room) {
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

    void stream() {
        if (begins("stream()", 0)) {
            long length = BodyFraming.declaredLength(headers);
            ContentEncoding packs = length == BodyFraming.UNKNOWN
                    ? packing.choose(status.code(), BodyFraming.UNKNOWN)
                    : null;
            if (packs != null) {
                packing.announce(packs);
                if (!exchange.request().isHead()) {
                    packing.begin(packs);
                }
            }
            state = State.STREAMING;
            // Whoever has asked for the stream may have it beyond its end.
            exchange.outlives = true;
            head(length != BodyFraming.UNKNOWN ? length : exchange.carrier().endless(exchange), 0).finish();
            sent = 0;
            exchange.carrier().flushLater();
        }
    }

    public boolean write(ByteBuf part) {
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

    private void writePart(ByteBuf part) {
        sent += part.readableBytes();
        BodyFraming.part(exchange, part, left == Carrier.CHUNKED);
    }

    public void flush() {
        if (!cut && state == State.STREAMING) {
            exchange.carrier().flushNow(exchange);
        }
    }

    public boolean isWritable() {
        boolean room = !cut && exchange.carrier().isWritable(exchange);
        full |= !room;
        return room;
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

    public void end() {
        end(EmptyHttpHeaders.INSTANCE);
    }

    void end(HttpHeaders trailers) {
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
            BodyFraming.last(exchange, headers, trailers, left == Carrier.CHUNKED);
        }
        over();
    }

    // ---- what becomes of it

    public void upgrade(Consumer<Channel> connection) {
        if (isOpen("upgrade()")) {
            if (exchange.request().head().isOfStream()) {
                handOver(connection);
                return;
            }
            status = HttpResponseStatus.SWITCHING_PROTOCOLS;
            upgrade = connection;
            sent = 0;
            BodyFraming.upgrade(exchange, headers);
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

    public long bodyBytes() {
        return sent;
    }

    /** The kernel has sent so much of a file. */
    void sentFile(long bytes) {
        sent += bytes;
        left -= bytes;
    }

    public void onWritable(Runnable listener) {
        writable = listener;
    }

    /** See {@link io.solaster.http.HttpResponse#onDrain}. */
    public void onDrain(Runnable listener) {
        if (state != State.ENDED) {
            drained = listener;
            if (exchange.carrier().isDraining()) {
                drain();
            }
        }
    }

    /** The server drains. */
    public void drain() {
        Runnable listener = drained;
        drained = null;
        if (listener != null && state != State.ENDED) {
            try {
                listener.run();
            } catch (RuntimeException e) {
                fail(e);
            }
        }
    }

    /** See {@link io.solaster.http.HttpResponse#onEnd}. */
    public void onEnd(Consumer<@Nullable Throwable> listener) {
        exchange.outlives = true;
        listeners.add(listener, exchange.request());
    }

    public boolean hasListeners() {
        return !listeners.isEmpty();
    }

    /** The exchange is over. */
    public void tell(@Nullable Throwable failure) {
        listeners.tell(failure, exchange.request());
    }

    /** Whether the exchange was cut off. */
    boolean isCut() {
        return cut;
    }

    /** Whether nothing more will be written. */
    public boolean isOver() {
        return state == State.ENDED;
    }

    /** Whether nothing has been written. */
    public boolean isOpen() {
        return state == State.OPEN;
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
