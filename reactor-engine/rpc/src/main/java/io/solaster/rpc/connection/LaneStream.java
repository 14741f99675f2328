package io.solaster.rpc.connection;

import java.util.ArrayDeque;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.QuietLog;
import io.solaster.rpc.RpcCodec;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcFlow;
import io.solaster.rpc.RpcReader;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.RpcWriter;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.frame.FrameWriter;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The streams of one call, at one side: what comes is read at once, and was asked for; what goes waits for credit of the call and of
 * the connection, a little of it here. Before there is a connection, what is asked for and written waits here too. On the shard that
 * owns the connection.
 *
 * @param <I> messages that come
 * @param <O> messages that go
 */
public final class LaneStream<I, O> implements RpcFlow, RpcWriter<O> {
    private static final int MOST_QUEUED = 16;
    private static final QuietLog UNHEARD = new QuietLog(LoggerFactory.getLogger(LaneStream.class), Level.ERROR);

    /** The call that a stream is of: told of what the stream itself cannot know. */
    public interface Owner {
        /** All messages that go were written, and the end behind them. */
        void wroteAll();

        /** The call fails: the other side is told, and {@link LaneStream#abort} follows. */
        void fail(RpcException why);
    }

    private final Shard shard;
    private final Owner owner;
    private final RpcCodec<I> incoming;
    private final RpcCodec<O> outgoing;
    private final int window;
    private @Nullable RpcReader<I> reader;
    private @Nullable LaneConnection connection;
    private long id;

    /** Messages that were asked for and have not come. */
    private long asked;
    /** Bytes that may come; overdrawn by one message at most. */
    private long takeBytes;
    private int readBytes;
    private boolean readAll;

    private long sendMessages;
    private long sendBytes;
    /** Messages, as bytes, that wait for credit. */
    private final ArrayDeque<ByteBuf> queue = new ArrayDeque<>(2);
    private long queuedBytes;
    private @Nullable Runnable waiting;
    private boolean ending;
    private boolean wroteAll;
    private boolean isBlocked;
    private boolean over;
    /** The other side has begun the call: it has asked for a message, or sent one. */
    private boolean begun;

    /**
     * Of a call that begins.
     *
     * @param window bytes that the other side may send before what has come was read
     */
    public LaneStream(Shard shard, Owner owner, RpcCodec<I> incoming, RpcCodec<O> outgoing, int window) {
        this.shard = shard;
        this.owner = owner;
        this.incoming = incoming;
        this.outgoing = outgoing;
        this.window = window;
        this.takeBytes = window;
    }

    /** Has a reader read what comes. */
    public void readBy(RpcReader<I> newReader) {
        reader = newReader;
        try {
            newReader.begins(this);
            if (readAll && !over) {
                newReader.ended();
            }
        } catch (RuntimeException | Error failure) {
            broken(failure);
        }
    }

    /** Whether the other side has surely begun the call. */
    public boolean hasBegun() {
        return begun;
    }

    /**
     * There is a connection, or another one where nothing was written to the first: what waits goes there. The frame that begins the call
     * stands before.
     *
     * @param answersAlone whether the one message that comes needs no credit
     */
    public void attach(LaneConnection to, long newId, boolean answersAlone) {
        if (isBlocked && connection != null) {
            connection.waitsNoMore(this);
        }
        isBlocked = false;
        connection = to;
        id = newId;
        takeBytes = window;
        readBytes = 0;
        wroteAll = false;
        sendMessages = 0;
        sendBytes = to.peer().window().streamBytes();
        if (asked > 0 && !answersAlone) {
            to.write(Frame.CREDIT, 0, id, (int) Math.min(asked, Integer.MAX_VALUE), 0);
        }
    }

    // ---- what comes

    @Override
    public void request(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("request(" + messages + "); ask for 1 or more");
        }
        shard.assertOwner("a stream");
        if (over || readAll) {
            return;
        }
        int more = (int) Math.min(messages, Integer.MAX_VALUE - asked);
        asked += more;
        LaneConnection to = connection;
        if (to != null && more > 0) {
            to.write(Frame.CREDIT, 0, id, more, 0);
        }
    }

    @Override
    public void cancel() {
        shard.assertOwner("a stream");
        if (!over) {
            owner.fail(new RpcException(RpcStatus.CANCELLED, "the reader wants nothing more"));
        }
    }

    /** A message has come, which needs credit. Returns what the peer has done wrong; null if nothing. */
    @Nullable
    String data(ByteBuf body) {
        begun = true;
        if (readAll) {
            return "DATA of call " + id + " behind its END";
        }
        if (asked == 0 || takeBytes <= 0) {
            return "DATA for which call " + id + " has no credit";
        }
        int length = body.readableBytes();
        asked--;
        takeBytes -= length;
        read(body);
        readBytes += length;
        LaneConnection to = connection;
        if (!over && to != null && !to.hasEnded() && readBytes >= (window + 1) / 2) {
            takeBytes += readBytes;
            to.write(Frame.CREDIT, 0, id, 0, readBytes);
            readBytes = 0;
        }
        return null;
    }

    /** Reads a message that needs no credit. */
    public void read(ByteBuf body) {
        I message;
        try {
            message = incoming.decode(body);
        } catch (RuntimeException | Error unreadable) {
            owner.fail(new RpcException(RpcStatus.INTERNAL, "what has come is no message of the call: " + unreadable
                    .getMessage()));
            return;
        }
        try {
            Objects.requireNonNull(reader).message(message);
        } catch (RuntimeException | Error failure) {
            broken(failure);
        }
    }

    private void broken(Throwable failure) {
        if (!over) {
            owner.fail(failure instanceof RpcException known
                    ? known
                    : new RpcException(RpcStatus.UNKNOWN, "the reader of the stream failed", false, failure));
        }
    }

    /** No more comes. Returns what the peer has done wrong; null if nothing. */
    public @Nullable String peerEnded() {
        if (readAll) {
            return "a second END of call " + id;
        }
        readAll = true;
        RpcReader<I> to = reader;
        if (!over && to != null) {
            try {
                to.ended();
            } catch (RuntimeException | Error failure) {
                broken(failure);
            }
        }
        return null;
    }

    // ---- what goes

    /** Whether the other side and the connection let a message go. */
    private boolean maySend() {
        LaneConnection to = connection;
        return to != null && sendMessages > 0 && sendBytes > 0 && to.maySend();
    }

    @Override
    public boolean isWritable() {
        return !over && !ending && queue.isEmpty() && maySend();
    }

    @Override
    public void whenWritable(Runnable action) {
        shard.assertOwner("a stream");
        if (isWritable() || isOver()) {
            action.run();
        } else {
            waiting = action;
            awaitRoom();
        }
    }

    @Override
    public ShardFuture<@Nullable Void> writable() {
        ShardFuture<@Nullable Void> future = shard.newFuture();
        whenWritable(() -> {
            if (isOver()) {
                future.fail(notWritable());
            } else {
                future.resolve(null);
            }
        });
        return future;
    }

    /** As {@link #writable}, of what needs no credit. */
    public ShardFuture<@Nullable Void> writableIf(boolean yes) {
        ShardFuture<@Nullable Void> future = shard.newFuture();
        if (yes) {
            future.resolve(null);
        } else {
            future.fail(notWritable());
        }
        return future;
    }

    private static RpcException notWritable() {
        return new RpcException(RpcStatus.CANCELLED, "nothing can be written any more: the call has ended");
    }

    /** Goes on once there is room on the connection, if that is what it waits for. */
    private void awaitRoom() {
        LaneConnection to = connection;
        if (!isBlocked && to != null && !to.hasEnded() && sendMessages > 0 && sendBytes > 0) {
            isBlocked = true;
            to.waits(this);
        }
    }

    @Override
    public void write(O message) {
        shard.assertOwner("a stream");
        if (isOver()) {
            throw notWritable();
        }
        LaneConnection to = connection;
        if (to != null && queue.isEmpty() && maySend()) {
            ByteBuf out = to.open();
            int before = out.writerIndex();
            boolean whole = false;
            try {
                int at = FrameWriter.begin(out);
                outgoing.encode(message, out);
                int length = fitting(out.writerIndex() - at - Frame.HEADER);
                FrameWriter.end(out, at, Frame.DATA, 0, 0, id, 0, 0);
                // Before it leaves: the socket may take it at once, and have other streams go on.
                spend(to, length);
                whole = true;
            } finally {
                if (!whole) {
                    out.writerIndex(before);
                }
                to.close(out);
            }
            return;
        }
        if (queue.size() >= MOST_QUEUED || queuedBytes >= window) {
            throw new RpcException(RpcStatus.RESOURCE_EXHAUSTED, queue.size() + " messages of " + queuedBytes
                    + " bytes wait to be asked for already; write when the stream is writable");
        }
        ByteBuf body = PooledByteBufAllocator.DEFAULT.directBuffer();
        boolean kept = false;
        try {
            outgoing.encode(message, body);
            fitting(body.readableBytes());
            kept = true;
        } finally {
            if (!kept) {
                body.release();
            }
        }
        queue.add(body);
        queuedBytes += body.readableBytes();
        awaitRoom();
    }

    private int fitting(int length) {
        int most = connection == null ? Frame.MAX_MESSAGE : connection.longestOfPeer();
        if (length > most) {
            throw new RpcException(RpcStatus.RESOURCE_EXHAUSTED, "a message of " + length + " bytes, over the " + most
                    + " that the other side takes");
        }
        return length;
    }

    private void spend(LaneConnection to, int length) {
        sendMessages--;
        sendBytes -= length;
        to.sent(length);
    }

    /** Credit has come; false if it is more than can be counted. */
    boolean credit(int messages, int bytes) {
        begun = true;
        sendMessages += messages;
        sendBytes += bytes;
        if (sendMessages > Integer.MAX_VALUE || sendBytes > Integer.MAX_VALUE) {
            return false;
        }
        if (!isBlocked) {
            writeOn();
        }
        return true;
    }

    /** The connection has room. */
    void goOn() {
        isBlocked = false;
        writeOn();
    }

    private void writeOn() {
        if (over) {
            return;
        }
        LaneConnection to = Objects.requireNonNull(connection);
        while (!queue.isEmpty() && maySend()) {
            ByteBuf body = queue.remove();
            int length = body.readableBytes();
            queuedBytes -= length;
            if (length > to.longestOfPeer()) {
                // It was written before there was a connection.
                body.release();
                owner.fail(new RpcException(RpcStatus.RESOURCE_EXHAUSTED, "a message of " + length
                        + " bytes, over the " + to.longestOfPeer() + " that the other side takes"));
                return;
            }
            ByteBuf out = to.open();
            int whole = out.writerIndex();
            try {
                int at = FrameWriter.begin(out);
                out.writeBytes(body);
                FrameWriter.end(out, at, Frame.DATA, 0, 0, id, 0, 0);
                spend(to, length);
                whole = out.writerIndex();
            } finally {
                body.release();
                to.close(out, whole);
            }
        }
        if (!queue.isEmpty()) {
            awaitRoom();
        } else if (ending) {
            writeEnd(to);
        } else if (waiting != null) {
            if (isWritable()) {
                runWaiting();
            } else {
                awaitRoom();
            }
        }
    }

    private void runWaiting() {
        Runnable action = waiting;
        waiting = null;
        if (action != null) {
            try {
                action.run();
            } catch (RuntimeException | Error failure) {
                broken(failure);
            }
        }
    }

    @Override
    public void end() {
        shard.assertOwner("a stream");
        if (isOver()) {
            return;
        }
        ending = true;
        LaneConnection to = connection;
        if (to != null && queue.isEmpty()) {
            writeEnd(to);
        }
    }

    /** The end of what goes, of a call that has just been attached and has ended before. */
    public void endIfAsked() {
        LaneConnection to = connection;
        if (ending && to != null && queue.isEmpty() && !over) {
            writeEnd(to);
        }
    }

    private void writeEnd(LaneConnection to) {
        if (!wroteAll) {
            wroteAll = true;
            to.write(Frame.END, 0, id, 0, 0);
            owner.wroteAll();
        }
    }

    @Override
    public void fail(RpcException why) {
        shard.assertOwner("a stream");
        if (!over) {
            owner.fail(why);
        }
    }

    @Override
    public boolean isOver() {
        return over || ending;
    }

    // ---- the end

    /** The call has ended well, and whoever waits to write hears of it. */
    public void finish() {
        if (!over) {
            over = true;
            release();
            runWaiting();
        }
    }

    /** The call has failed. */
    public void abort(RpcException why) {
        if (over) {
            return;
        }
        over = true;
        release();
        RpcReader<I> to = reader;
        if (to != null && !readAll) {
            readAll = true;
            try {
                to.failed(why);
            } catch (RuntimeException | Error failure) {
                UNHEARD.tell("The reader of call {} threw when it was told that {}", id, why.getMessage(), failure);
            }
        }
        runWaiting();
    }

    private void release() {
        LaneConnection to = connection;
        if (isBlocked && to != null) {
            isBlocked = false;
            to.waitsNoMore(this);
        }
        queue.forEach(ByteBuf::release);
        queue.clear();
        queuedBytes = 0;
    }
}
