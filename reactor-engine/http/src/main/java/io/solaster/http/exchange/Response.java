package io.solaster.http.exchange;

import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import io.solaster.http.wire.HeaderList;
import org.jspecify.annotations.Nullable;

/**
 * The response of an {@link Exchange}: collects what is set, and brings to the loop what is asked elsewhere, where
 * {@link LoopResponse} writes it.
 */
public final class Response extends LoopResponse {
    /** A body up to this is copied behind its head; a longer one is handed to the socket as it is. */
    public static final int COPIED = 8 << 10;

    /** Somewhere else it was ended, or begun, and the shard will hear of it. */
    private boolean ending;
    private boolean beginning;
    private @Nullable Runnable onDrain;

    Response(Exchange exchange) {
        super(exchange);
    }

    @Override
    void clear() {
        super.clear();
        ending = false;
        beginning = false;
        onDrain = null;
    }

    /** Whether this runs where the socket must not be touched: virtual threads of the shard may set, but not send. */
    private boolean isElsewhere() {
        return !exchange.shard().shard().inEventLoop();
    }

    private boolean isForeign() {
        return isElsewhere() && Shard.current() != exchange.shard().shard();
    }

    // ---- what is set

    HeaderList headers() {
        return headers;
    }

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

    // ---- whole responses

    @Override
    public void send() {
        if (isElsewhere()) {
            ending = true;
            there(this::send);
        } else {
            super.send();
        }
    }

    @Override
    public void send(CharSequence text) {
        if (isElsewhere()) {
            ending = true;
            String fixed = text.toString();
            there(() -> send(fixed));
        } else {
            super.send(text);
        }
    }

    @Override
    public void send(byte[] body) {
        if (isElsewhere()) {
            ending = true;
            there(() -> send(body));
        } else {
            super.send(body);
        }
    }

    @Override
    public void send(ByteBuf body) {
        if (isElsewhere()) {
            ending = true;
            exchange.atHome(body, () -> send(body));
        } else {
            super.send(body);
        }
    }

    @Override
    public void sendFile(FileChannel file, long position, long count) {
        if (isElsewhere()) {
            ending = true;
            there(() -> sendFile(file, position, count));
        } else {
            super.sendFile(file, position, count);
        }
    }

    @Override
    public ByteBuf newBody() {
        return isElsewhere() ? ByteBufAllocator.DEFAULT.directBuffer(FIRST_GUESS) : exchange.shard().takeBody();
    }

    @Override
    public void fail(Throwable failure) {
        if (isElsewhere()) {
            there(() -> fail(failure));
        } else {
            super.fail(failure);
        }
    }

    // ---- streams

    @Override
    public ResponseStream stream() {
        if (isElsewhere()) {
            beginning = true;
            there(this::stream);
            return this;
        }
        return super.stream();
    }

    @Override
    public boolean write(ByteBuf part) {
        return isElsewhere() ? writeElsewhere(part) : super.write(part);
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

    @Override
    public void flush() {
        if (isElsewhere()) {
            there(this::flush);
        } else {
            super.flush();
        }
    }

    @Override
    public boolean isWritable() {
        return isElsewhere() ? !cut && !full : super.isWritable();
    }

    @Override
    public void onWritable(Runnable listener) {
        if (isElsewhere()) {
            there(() -> onWritable(listener));
        } else {
            writable = listener;
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
        } else {
            super.end(trailers);
        }
    }

    // ---- what becomes of it

    @Override
    public void upgrade(Consumer<Channel> connection) {
        if (isElsewhere()) {
            ending = true;
            there(() -> upgrade(connection));
        } else {
            super.upgrade(connection);
        }
    }

    /** Whether the exchange was cut off. */
    boolean isCut() {
        return cut;
    }

    @Override
    public boolean isCommitted() {
        return state != State.OPEN || beginning || ending;
    }

    @Override
    public boolean isEnded() {
        return state == State.ENDED || ending;
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
}
