package io.solaster.http.exchange;

import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.BodySource;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;

/**
 * A response as its handler has it: brings to the loop what is asked elsewhere, where {@link LoopResponse} writes it.
 *
 * <p>
 * Made for this one, and cut off from the exchange before that serves another. So whoever keeps it too long is refused by
 * name on the shard, and can send to nobody else. On another thread a call is refused as soon as that thread sees the end,
 * and dropped on the shard before that; what it reads there is a hint. That costs 40 bytes a request for this and {@link Request}, which
 * is less than what the alternatives do: a whole new exchange takes ten times as much; one that rests for a while before it
 * serves again takes a second's worth of exchanges, and only makes it unlikely that somebody is later than that.
 */
public final class Response implements HttpResponse, ResponseStream, BodySource {
    /** Null once the exchange serves others; written on the loop. */
    private @Nullable LoopResponse loop;
    /** Somewhere else it was ended, or begun, and the shard will hear of it. */
    private boolean ending;
    private boolean beginning;

    Response(LoopResponse loop) {
        this.loop = loop;
    }

    /** The exchange is about to serve others. */
    void cutOff() {
        loop = null;
    }

    private LoopResponse loop() {
        LoopResponse known = loop;
        if (known == null) {
            throw Exchange.isOver();
        }
        return known;
    }

    private static Shard shard(LoopResponse of) {
        return of.exchange.shard().shard();
    }

    /** Whether this runs where the socket must not be touched: virtual threads of the shard may set, but not send. */
    private static boolean isElsewhere(LoopResponse of) {
        return !shard(of).inEventLoop();
    }

    private static boolean isForeign(LoopResponse of) {
        return isElsewhere(of) && Shard.current() != shard(of);
    }

    /** On the loop. */
    boolean isCutOff() {
        return loop == null;
    }

    /** Has the loop do it, unless the exchange serves others by then. */
    private void there(LoopResponse of, Runnable work) {
        outlivesHandler(of);
        shard(of).execute(() -> {
            if (loop != null) {
                work.run();
            }
        });
    }

    /** @param owned let go of where nothing is done, see {@link Handover} */
    private void there(LoopResponse of, Object owned, Runnable work) {
        outlivesHandler(of);
        Handover handover = new Handover(this, owned, work);
        shard(of).executeOrElse(handover, handover::abandon);
    }

    private static void outlivesHandler(LoopResponse of) {
        if (Shard.current() == shard(of)) {
            // A virtual thread of the shard, which has it beyond its handler.
            of.exchange.outlives = true;
        }
    }

    // ---- what is set

    @Override
    public HttpResponse status(HttpResponseStatus newStatus) {
        LoopResponse to = loop();
        if (isForeign(to)) {
            there(to, () -> status(newStatus));
        } else if (to.isOpen("status ", newStatus)) {
            if (newStatus.code() < 200) {
                throw new IllegalArgumentException("status " + newStatus + ": the last answer is 200 or above;"
                        + " 100 is the server's matter, and for 101 there is upgrade()");
            }
            to.status = newStatus;
        }
        return this;
    }

    @Override
    public HttpResponseStatus status() {
        return loop().status;
    }

    @Override
    public HttpResponse header(CharSequence name, CharSequence value) {
        LoopResponse to = loop();
        if (isForeign(to)) {
            String fixedName = name.toString();
            String fixedValue = value.toString();
            there(to, () -> header(fixedName, fixedValue));
        } else if (to.isOpen("header ", name)) {
            to.headers.set(name, value);
        }
        return this;
    }

    @Override
    public HttpResponse addHeader(CharSequence name, CharSequence value) {
        LoopResponse to = loop();
        if (isForeign(to)) {
            String fixedName = name.toString();
            String fixedValue = value.toString();
            there(to, () -> addHeader(fixedName, fixedValue));
        } else if (to.isOpen("header ", name)) {
            to.headers.add(name, value);
        }
        return this;
    }

    @Override
    public @Nullable String header(CharSequence name) {
        CharSequence value = loop().headers.get(name);
        return value == null ? null : value.toString();
    }

    // ---- whole responses

    @Override
    public void send() {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            ending = true;
            there(to, this::send);
        } else {
            to.send();
        }
    }

    @Override
    public void send(CharSequence text) {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            ending = true;
            String fixed = text.toString();
            there(to, () -> send(fixed));
        } else {
            to.send(text);
        }
    }

    @Override
    public void send(byte[] body) {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            ending = true;
            there(to, () -> send(body));
        } else {
            to.send(body);
        }
    }

    @Override
    public void send(ByteBuf body) {
        LoopResponse to = taking(body);
        if (isElsewhere(to)) {
            ending = true;
            there(to, body, () -> send(body));
        } else {
            to.send(body);
        }
    }

    /** What is handed over is not the caller's any more, whether it is taken or not. */
    private LoopResponse taking(ByteBuf buffer) {
        LoopResponse known = loop;
        if (known == null) {
            buffer.release();
            throw Exchange.isOver();
        }
        return known;
    }

    @Override
    public void sendFile(FileChannel file, long position, long count) {
        sendOwned(file, to -> to.sendFile(file, position, count));
    }

    @Override
    public void sendFile(ShardFile file, long position, long count) {
        sendOwned(file, to -> to.sendFile(file, position, count));
    }

    /** Sends a file from the shard, or lets go of it. */
    private void sendOwned(Object file, Consumer<LoopResponse> sending) {
        LoopResponse to = loop;
        if (to == null) {
            Handover.letGo(file);
            throw Exchange.isOver();
        }
        if (isElsewhere(to)) {
            ending = true;
            there(to, file, () -> sendOwned(file, sending));
        } else {
            sending.accept(to);
        }
    }

    @Override
    public ByteBuf newBody() {
        LoopResponse to = loop();
        return isElsewhere(to) ? ByteBufAllocator.DEFAULT.directBuffer(FIRST_GUESS) : to.exchange.shard().takeBody();
    }

    @Override
    public void fail(Throwable failure) {
        LoopResponse to = loop;
        if (to == null) {
            Handover.letGo(failure);
        } else if (isElsewhere(to)) {
            there(to, failure, () -> fail(failure));
        } else {
            to.fail(failure);
        }
    }

    // ---- streams

    @Override
    public ResponseStream stream() {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            beginning = true;
            there(to, this::stream);
        } else {
            to.stream();
        }
        return this;
    }

    @Override
    public boolean write(ByteBuf part) {
        LoopResponse to = taking(part);
        return isElsewhere(to) ? writeElsewhere(to, part) : to.write(part);
    }

    private boolean writeElsewhere(LoopResponse to, ByteBuf part) {
        int length = part.readableBytes();
        boolean foreign = isForeign(to);
        boolean room = !to.full;
        if (to.cut && !foreign) {
            part.release();
            return false;
        }
        there(to, part, () -> {
            to.write(part);
            if (!room) {
                // Who has been told so waits to hear that there is.
                to.full = true;
                to.becameWritable();
            }
        });
        if (foreign) {
            return room;
        }
        room(to).handed(length);
        return !to.cut;
    }

    private static WriteRoom room(LoopResponse of) {
        WriteRoom known = of.room;
        if (known == null) {
            known = new WriteRoom(of.exchange);
            of.room = known;
        }
        return known;
    }

    @Override
    public ShardFuture<@Nullable Void> writable() {
        LoopResponse of = loop();
        shard(of).assertOwner("writable() of a response");
        of.exchange.outlives = true;
        return room(of).writable();
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
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            there(to, this::flush);
        } else {
            to.flush();
        }
    }

    @Override
    public boolean isWritable() {
        LoopResponse of = loop;
        return of != null && (isElsewhere(of) ? !of.cut && !of.full : of.isWritable());
    }

    @Override
    public void onWritable(Runnable listener) {
        LoopResponse of = loop();
        if (isElsewhere(of)) {
            there(of, () -> onWritable(listener));
        } else {
            of.onWritable(listener);
        }
    }

    @Override
    public void end() {
        end(EmptyHttpHeaders.INSTANCE);
    }

    @Override
    public void end(HttpHeaders trailers) {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            ending = true;
            there(to, () -> end(trailers));
        } else {
            to.end(trailers);
        }
    }

    // ---- what becomes of it

    @Override
    public void upgrade(Consumer<Channel> connection) {
        LoopResponse to = loop();
        if (isElsewhere(to)) {
            ending = true;
            there(to, () -> upgrade(connection));
        } else {
            to.upgrade(connection);
        }
    }

    @Override
    public long bodyBytes() {
        return loop().bodyBytes();
    }

    @Override
    public boolean isCommitted() {
        LoopResponse of = loop;
        return of == null || beginning || ending || !of.isOpen();
    }

    @Override
    public boolean isEnded() {
        LoopResponse of = loop;
        return of == null || ending || of.isOver();
    }

    @Override
    public void onEnd(Consumer<@Nullable Throwable> listener) {
        LoopResponse of = loop;
        if (of == null) {
            // It has ended, and well: one that was cut off serves no others.
            listener.accept(null);
        } else if (isElsewhere(of)) {
            Shard shard = shard(of);
            Once once = new Once(listener);
            shard.executeOrElse(() -> onEnd(once), () -> once.accept(shard.stopped()));
        } else {
            of.onEnd(listener);
        }
    }

    /** Tells a listener of the end of the exchange, or of the shard, whichever comes first. */
    private static final class Once extends AtomicBoolean implements Consumer<@Nullable Throwable> {
        private static final long serialVersionUID = 1;

        private final transient Consumer<@Nullable Throwable> listener;

        Once(Consumer<@Nullable Throwable> listener) {
            this.listener = listener;
        }

        @Override
        public void accept(@Nullable Throwable failure) {
            if (compareAndSet(false, true)) {
                listener.accept(failure);
            }
        }
    }

    @Override
    public void onDrain(Runnable listener) {
        LoopResponse of = loop;
        if (of != null && isElsewhere(of)) {
            there(of, () -> onDrain(listener));
        } else if (of != null) {
            of.onDrain(listener);
        }
    }
}
