package io.solaster.http.exchange;

import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.memory.Memory;
import io.solaster.http.BodyGone;
import io.solaster.http.HttpException;
import io.solaster.http.RequestBody.Reader;
import io.solaster.http.wire.ChunkDecoder;
import io.solaster.http.wire.HttpLimits;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request: taken from the connection's input as far as somebody wants it. On the owning shard. Longer than 500
 * lines because what becomes of a piece of input goes by all of its state.
 */
public final class Body implements GatherBudget.Waiter {
    private static final int FIRST_GUESS = 16 << 10;
    /** What nobody wants is read so far, that the connection may go on; beyond, it is cheaper to close it. */
    private static final int MOST_SKIPPED = 256 << 10;

    private enum Use {
        NONE, WHOLE, PARTS, SKIPPED
    }

    private final Exchange exchange;
    private Use use = Use.NONE;
    private long announced;
    /** Of a length that was announced. */
    private long remaining;
    private @Nullable ChunkDecoder chunks;
    /** What is fed is the body, as frames carried it; and whether what is fed next is the last of it. */
    private boolean framed;
    private boolean last;
    private HttpHeaders trailers = EmptyHttpHeaders.INSTANCE;
    /** What comes is no body, but what is said to whoever the stream is handed over to. */
    private boolean conversation;
    private boolean complete = true;
    /** The client waits to be told to go on. */
    private boolean awaitsContinue;
    private @Nullable Throwable failure;
    private long failedAt;

    private @Nullable ShardFuture<ByteBuf> whole;
    private @Nullable ByteBuf content;
    /** Bytes that are taken from the budget for it; whoever has it may write to it, so that it holds more. */
    private int counted;
    /** There was no memory when the first of it came, which is not taken until there is. */
    private boolean awaitsMemory;
    /** Whoever reads it in parts waits for memory. */
    private boolean readerAwaitsMemory;
    private @Nullable Reader reader;
    private long demand;
    private boolean ended;
    private boolean reading;
    private long skipped;

    Body(Exchange exchange) {
        this.exchange = exchange;
    }

    void clear() {
        use = Use.NONE;
        announced = 0;
        chunks = null;
        framed = false;
        last = false;
        trailers = EmptyHttpHeaders.INSTANCE;
        conversation = false;
        complete = true;
        awaitsContinue = false;
        readerAwaitsMemory = false;
        failure = null;
        whole = null;
        reader = null;
        demand = 0;
        ended = false;
        skipped = 0;
        release();
    }

    /**
     * What a head of HTTP/1 has announced.
     *
     * @param length -1 if nothing
     */
    public void begin(boolean chunked, long length, boolean expectsContinue, HttpLimits limits) {
        if (chunked) {
            announced = -1;
            complete = false;
            chunks = new ChunkDecoder(limits);
        } else if (length > 0) {
            announced = length;
            remaining = announced;
            complete = false;
        }
        awaitsContinue = !complete && expectsContinue;
    }

    /**
     * A body that comes in frames, of which it is told what they hold.
     *
     * @param length what the client has announced, and keeps to; -1 if nothing
     * @param over whether there is none
     * @param expectsContinue whether the client waits to be told to send it
     */
    public void begin(long length, boolean over, boolean expectsContinue) {
        framed = true;
        announced = over ? 0 : length;
        remaining = Math.max(0, announced);
        complete = over;
        awaitsContinue = !over && expectsContinue;
    }

    /**
     * None: what comes in frames is for whoever the stream is handed over to.
     *
     * @param over whether nothing does
     */
    public void beginConversation(boolean over) {
        framed = true;
        conversation = true;
        complete = over;
    }

    /** Whether the stream can be handed over. */
    boolean isConversation() {
        return conversation;
    }

    /** Hands what comes over, as far as it is asked for. */
    public void handOver(Reader to) {
        use = Use.PARTS;
        reader = to;
        if (failure != null) {
            ended = true;
            to.failed(failure);
        }
    }

    /** Says whether what is fed from now on is the last of it. */
    public void last(boolean isLast) {
        last = isLast;
    }

    /** What came behind it. */
    public void trailers(HttpHeaders received) {
        trailers = received;
    }

    /** Whether all of it has been taken from the input. */
    public boolean isComplete() {
        return complete;
    }

    public boolean isFailed() {
        return failure != null;
    }

    /** Whether somebody who asked for it was told that it does not come whole. */
    public boolean isBroken() {
        return failure != null && (use == Use.WHOLE || use == Use.PARTS);
    }

    /** By when the handler has to have ended the response although the body has failed: by the shard's timers. */
    public long brokenUntil(HttpLimits limits) {
        return failedAt + limits.bodyNanos();
    }

    /** The body has failed, and its handler goes on as if it had not: the failure is answered, or ends the connection. */
    public void breakOff() {
        Throwable cause = java.util.Objects.requireNonNull(failure);
        exchange.outlives = true;
        failedAt = exchange.shard().timers().now();
        if (exchange.response().isOpen()) {
            exchange.response().fail(cause);
        } else {
            exchange.carrier().abort(exchange, cause);
        }
    }

    /** Whether the client waits to be told to send it, and may be told so now: at most once. */
    public boolean owesContinue() {
        return awaitsContinue;
    }

    public void continued() {
        awaitsContinue = false;
    }

    /** Whether it is being waited for: more of it would be taken. */
    public boolean isWanted() {
        return !complete && failure == null && !awaitsMemory
                && (use == Use.WHOLE || use == Use.SKIPPED || use == Use.PARTS && demand > 0);
    }

    /** Whether it is being waited for, and has to come in time. */
    public boolean isDue() {
        return isWanted() && !(conversation && use == Use.PARTS);
    }

    /** Whether so much of it is left that the connection had better not go on. */
    public boolean isTooLongToSkip() {
        return !complete && (failure != null || conversation || chunks == null && remaining > MOST_SKIPPED);
    }

    public long length() {
        return announced;
    }

    public ShardFuture<ByteBuf> whole() {
        ShardFuture<ByteBuf> known = whole;
        if (known != null) {
            return known;
        }
        if (!conversation) {
            begin(Use.WHOLE);
        }
        ShardFuture<ByteBuf> future = exchange.shard().shard().newFuture();
        whole = future;
        long most = exchange.shard().limits().maxBody();
        if (failure != null) {
            failedAt = exchange.shard().timers().now();
            future.completeExceptionally(failure);
        } else if (announced > most) {
            fail(tooLong(most));
        } else if (complete || conversation) {
            content = Unpooled.EMPTY_BUFFER;
            future.complete(Unpooled.EMPTY_BUFFER);
        } else {
            exchange.carrier().wanted(exchange);
        }
        return future;
    }

    private static HttpException tooLong(long most) {
        return new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "a body of more than " + most + " bytes");
    }

    public ByteBuf content() {
        ByteBuf bytes = content;
        if (bytes == null || !complete) {
            if (announced == 0 && use == Use.NONE) {
                return Unpooled.EMPTY_BUFFER;
            }
            throw new IllegalStateException("the body has not been gathered; ask for whole() first");
        }
        return bytes;
    }

    public String text() {
        ByteBuf bytes = content();
        Charset charset = HttpUtil.getCharset(contentType(), StandardCharsets.UTF_8);
        return bytes.toString(charset);
    }

    private String contentType() {
        String type = exchange.request().header(HttpHeaderNames.CONTENT_TYPE);
        return type == null ? "" : type;
    }

    InputStream asInputStream() {
        if (use == Use.WHOLE && complete) {
            return new ByteBufInputStream(content().duplicate());
        }
        Shard.refuseToBlock("a request's body as a stream", "read() it in parts");
        BodyInput input = new BodyInput(exchange.shard().shard(), exchange.handlersBody());
        // Whoever does not close it leaves a part behind.
        exchange.response().onEnd(failed -> input.close());
        read(input);
        return input;
    }

    public void read(Reader into) {
        begin(Use.PARTS);
        reader = into;
        if (failure != null) {
            failedAt = exchange.shard().timers().now();
            ended = true;
            into.failed(failure);
        } else {
            exchange.carrier().wanted(exchange);
        }
    }

    public void request(long parts) {
        if (parts <= 0) {
            throw new IllegalArgumentException("request(" + parts + "): ask for 1 or more parts");
        }
        demand = demand + parts < 0 ? Long.MAX_VALUE : demand + parts;
        if (use == Use.PARTS && !reading) {
            exchange.carrier().wanted(exchange);
        } else if (use == Use.SKIPPED) {
            tellWaiting();
        }
    }

    private void begin(Use wanted) {
        if (use != Use.NONE) {
            throw new IllegalStateException("the body is taken already: " + (use == Use.WHOLE
                    ? "whole()"
                    : use == Use.PARTS ? "read()" : "the response has ended") + " came first");
        }
        use = wanted;
    }

    /** Nobody wants the rest; whoever waits for it is told. */
    public void skip() {
        if (use != Use.SKIPPED) {
            use = Use.SKIPPED;
            release();
            tellWaiting();
        }
    }

    /** Tells whoever waits for what is skipped, in a task of its own: the response is being ended. */
    private void tellWaiting() {
        Reader into = demand > 0 ? reader : null;
        ShardFuture<ByteBuf> future = whole;
        if (complete || ended || failure != null || conversation || into == null && future == null) {
            return;
        }
        ended = true;
        exchange.shard().shard().execute(() -> {
            BodyGone gone = new BodyGone();
            if (into != null) {
                into.failed(gone);
            } else if (future != null) {
                future.completeExceptionally(gone);
            }
        });
    }

    /** Lets go of what was gathered, and waits for no memory any more. */
    public void release() {
        if (awaitsMemory) {
            awaitsMemory = false;
            budget().leave(this);
        }
        ByteBuf bytes = content;
        if (bytes != null) {
            content = null;
            budget().give(counted);
            counted = 0;
            bytes.release();
        }
    }

    /** Takes as much of the input as is wanted. */
    public void feed(ByteBuf input) {
        if (reading) {
            return;
        }
        reading = true;
        try {
            while (isWanted() && input.isReadable() && step(input)) {
                // Until there is no more, or nobody wants it.
            }
        } catch (RuntimeException e) {
            // Of a reader.
            use = Use.SKIPPED;
            exchange.response().fail(e);
        } finally {
            reading = false;
        }
        complete |= framed && last && !input.isReadable();
        end();
    }

    /** Ends a reader, or the future, where all is there. */
    private void end() {
        if (!complete || ended) {
            return;
        }
        Reader into = reader;
        if (use == Use.PARTS && into != null) {
            ended = true;
            into.end(chunks == null ? trailers : chunks.trailers());
        } else if (use == Use.WHOLE && whole != null) {
            ended = true;
            if (content == null) {
                content = Unpooled.EMPTY_BUFFER;
            }
            whole.complete(content);
        }
    }

    private boolean step(ByteBuf input) {
        ChunkDecoder framing = chunks;
        if (framing == null) {
            int bytes = framed ? input.readableBytes() : (int) Math.min(remaining, input.readableBytes());
            if (!(framed ? last : remaining == bytes) && !mayGather(bytes)) {
                return false;
            }
            awaitsContinue = false;
            remaining = Math.max(0, remaining - bytes);
            complete = framed ? last : remaining == 0;
            take(input, bytes);
            return true;
        }
        if (framing.data() > 0) {
            int bytes = (int) Math.min(framing.data(), input.readableBytes());
            if (!mayGather(bytes)) {
                return false;
            }
            framing.took(bytes);
            take(input, bytes);
            return true;
        }
        awaitsContinue = false;
        input.skipBytes(framing.decode(Memory.address(input) + input.readerIndex(), input.readableBytes()));
        if (framing.isFailed()) {
            exchange.shard().stats().refused(HttpResponseStatus.BAD_REQUEST);
            fail(new HttpException(HttpResponseStatus.BAD_REQUEST, framing.message()));
            return false;
        }
        complete = framing.isDone();
        return mayCome(framing.data());
    }

    /** Whether so much as a chunk's size says may still come; if not, it fails before any of that has. */
    private boolean mayCome(long bytes) {
        ByteBuf gathered = content;
        long most = exchange.shard().limits().maxBody();
        if (use == Use.WHOLE && bytes > most - (gathered == null ? 0 : gathered.readableBytes())) {
            fail(tooLong(most));
        } else if (use == Use.SKIPPED && bytes > MOST_SKIPPED - skipped) {
            fail(unread());
        }
        return failure == null;
    }

    private static HttpException unread() {
        return new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "a body that nobody reads");
    }

    private void take(ByteBuf input, int bytes) {
        switch (use) {
            case WHOLE -> gather(input, bytes);
            case PARTS -> {
                demand--;
                java.util.Objects.requireNonNull(reader).part(input.readRetainedSlice(bytes));
            }
            case SKIPPED -> {
                input.skipBytes(bytes);
                skipped += bytes;
                if (skipped > MOST_SKIPPED) {
                    fail(unread());
                }
            }
            case NONE -> throw new IllegalStateException("nobody wants it");
        }
    }

    private GatherBudget budget() {
        return exchange.shard().budget();
    }

    /** Whether it is not taken because there is no memory yet: what comes of it meanwhile is kept. */
    public boolean awaitsMemory() {
        return awaitsMemory || readerAwaitsMemory;
    }

    /** Says whether its reader, who has asked for nothing yet, waits for memory. */
    public void readerAwaitsMemory(boolean waits) {
        readerAwaitsMemory = waits;
    }

    /** Whether it comes in frames, as far as the client was allowed to send them, read or not. */
    public boolean isFramed() {
        return framed;
    }

    /**
     * Takes memory to gather in, if it is gathered and has none yet. Where there is none to be had, the body waits, and the
     * client with it: it is not read until there is, and one that sends frames is not allowed to send more.
     */
    private boolean mayGather(int bytes) {
        if (use != Use.WHOLE || content != null) {
            return true;
        }
        long guess = Math.min(Math.max(announced, bytes), Math.max(FIRST_GUESS, 2L * bytes));
        GatherBudget budget = budget();
        if (budget.begin(guess)) {
            if (gatherIn(guess)) {
                return true;
            }
            fail(exchange.shard().overload());
            return false;
        }
        if (budget.waitFor(this, guess, exchange.shard().limits().bodyNanos(), framed)) {
            awaitsMemory = true;
        } else {
            fail(exchange.shard().overload());
        }
        return false;
    }

    /** Gathers in a new buffer of so many bytes, which were taken; false where Netty has none: they are given back then. */
    private boolean gatherIn(long bytes) {
        try {
            ByteBuf into = exchange.carrier().channel().alloc().directBuffer((int) bytes);
            content = into;
            counted = into.capacity();
            return true;
        } catch (OutOfMemoryError none) {
            budget().give(bytes);
            return false;
        }
    }

    /** There is memory for it now, which was taken from the budget. */
    @Override
    public void hasMemory(long bytes) {
        if (gatherIn(bytes)) {
            awaitsMemory = false;
            exchange.carrier().wanted(exchange);
        } else {
            hasNoMemory();
        }
    }

    /** It has waited for memory for too long, or there is none although it had its turn. */
    @Override
    public void hasNoMemory() {
        awaitsMemory = false;
        Carrier carrier = exchange.carrier();
        fail(exchange.shard().overload());
        carrier.wanted(exchange);
    }

    private void gather(ByteBuf input, int bytes) {
        ByteBuf into = content;
        if (into == null) {
            content = input.readRetainedSlice(bytes);
            return;
        }
        long most = exchange.shard().limits().maxBody();
        if (into.readableBytes() + (long) bytes > most) {
            fail(tooLong(most));
            return;
        }
        if (!budget().grow(into, bytes)) {
            fail(exchange.shard().overload());
            return;
        }
        counted = into.capacity();
        into.writeBytes(input, bytes);
    }

    /** It does not come whole. */
    public void fail(Throwable cause) {
        if (failure != null || complete && (ended || use == Use.NONE)) {
            return;
        }
        failure = cause;
        failedAt = exchange.shard().timers().now();
        Reader into = reader;
        if (use == Use.PARTS && into != null && !ended) {
            ended = true;
            into.failed(cause);
        } else if (use == Use.WHOLE && whole != null) {
            release();
            whole.completeExceptionally(cause);
        }
    }
}
