package io.solaster.http.websocket;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.server.WebSocketQueueConfig.Policy;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * What goes out over a connection. On the owning shard; {@link #send}, {@link #sendPart}, {@link #controlOf} and
 * {@link #isWritable} on any thread.
 *
 * <p>
 * What is sent while a read batch is handled goes into one buffer and leaves in one write at the batch's end. What is
 * sent at other times waits in {@link SendQueue} for the end of the turn, as does what the socket does not take; frames
 * stay apart there, so that they can be dropped.
 */
final class Sending {
    /** What one read batch sends is handed to the socket when it is so much, and frames that wait in such lots. */
    private static final int ENOUGH_TO_SEND = 16 * 1024;
    /** How many times the queue's size may wait where nobody heeds that senders are to wait. */
    private static final int HEEDLESS = 4;

    private final WebSocketConnection socket;
    private final WebSocketShard part;
    private final WebSocketConfig config;
    /** What the read batch under way sends. */
    private @Nullable ByteBuf output;
    private boolean batch;
    private final SendQueue queue = new SendQueue();
    /** What is to be sent behind the message whose parts are being sent. */
    private @Nullable SendQueue behind;
    /** The answer to the last ping, where the socket has no room for it; the client waits for no other (RFC 6455, 5.5.3). */
    private @Nullable ByteBuf answer;
    private boolean dirty;
    private boolean flushing;
    private volatile boolean full;
    private boolean wrote;
    private @Nullable List<ShardFuture<@Nullable Void>> waiters;
    private @Nullable Compressor ownCompressor;

    Sending(WebSocketConnection socket) {
        this.socket = socket;
        this.part = socket.part;
        this.config = socket.config;
    }

    /** Gathers what is sent until {@link #endBatch}. */
    void beginBatch() {
        batch = true;
    }

    /** Whether something waits that the socket had no room for. */
    boolean isWaiting() {
        return !queue.isEmpty() || answer != null;
    }

    boolean isQueueEmpty() {
        return queue.isEmpty();
    }

    /** Whether something went to the socket since this was asked last. */
    boolean hasWritten() {
        boolean has = wrote;
        wrote = false;
        return has;
    }

    /** Drops what was to follow a message whose parts are being sent. */
    void dropBehind() {
        if (behind != null) {
            behind.clear();
            behind = null;
        }
    }

    /** It is over: nobody waits for room any more. */
    void over() {
        full = false;
        wakeWaiters();
    }

    void release() {
        if (output != null) {
            output.release();
            output = null;
        }
        dropQueue();
        if (ownCompressor != null) {
            ownCompressor.close();
            ownCompressor = null;
        }
    }

    void endBatch() {
        batch = false;
        if (output != null || !queue.isEmpty() || answer != null) {
            flush();
        }
    }

    /** Answers a ping; of several that wait for room the last is enough. */
    void answer(ByteBuf payload) {
        int bytes = payload.readableBytes();
        ByteBuf to = batched(bytes);
        if (to == null) {
            dropAnswer();
            to = part.allocator().directBuffer(2 + bytes);
            answer = to;
            flushSoon();
        }
        Frames.header(to, FrameDecoder.FIN | FrameDecoder.PONG, bytes);
        to.writeBytes(payload, payload.readerIndex(), bytes);
    }

    private void dropAnswer() {
        ByteBuf waits = answer;
        answer = null;
        if (waits != null) {
            waits.release();
        }
    }

    void dropQueue() {
        dropAnswer();
        queue.clear();
        dropBehind();
    }

    boolean send(CharSequence text) {
        if (!socket.isHere()) {
            String same = text.toString();
            return socket.elsewhere(Unpooled.EMPTY_BUFFER, () -> send(same));
        }
        if (!socket.ending.isOpen()) {
            return false;
        }
        int bytes = ByteBufUtil.utf8Bytes(text);
        if (socket.accepted.compresses(bytes, config)) {
            ByteBuf payload = part.allocator().directBuffer(bytes);
            ByteBufUtil.writeUtf8(payload, text);
            return compressed(FrameDecoder.TEXT, payload);
        }
        ByteBuf batched = batched(bytes);
        if (batched == null) {
            return offer(Frames.text(part.allocator(), text, bytes));
        }
        Frames.header(batched, FrameDecoder.FIN | FrameDecoder.TEXT, bytes);
        ByteBufUtil.writeUtf8(batched, text);
        part.stats().messagesOut.increment();
        return !full;
    }

    boolean send(ByteBuf bytes) {
        return socket.isHere()
                ? send(FrameDecoder.BINARY, bytes)
                : socket.elsewhere(bytes, () -> send(FrameDecoder.BINARY, bytes));
    }

    boolean sendText(ByteBuf utf8) {
        return socket.isHere()
                ? send(FrameDecoder.TEXT, utf8)
                : socket.elsewhere(utf8, () -> send(FrameDecoder.TEXT, utf8));
    }

    private boolean send(int kind, ByteBuf payload) {
        int bytes = payload.readableBytes();
        if (!socket.ending.isOpen()) {
            payload.release();
            return false;
        }
        if (socket.accepted.compresses(bytes, config)) {
            return compressed(kind, payload);
        }
        ByteBuf batched = batched(bytes);
        if (batched == null) {
            return offer(Frames.of(part.allocator(), FrameDecoder.FIN | kind, payload));
        }
        Frames.header(batched, FrameDecoder.FIN | kind, bytes);
        batched.writeBytes(payload, payload.readerIndex(), bytes);
        payload.release();
        part.stats().messagesOut.increment();
        return !full;
    }

    boolean sendPart(ByteBuf piece, boolean text, boolean last) {
        if (!socket.isHere()) {
            return socket.elsewhere(piece, () -> sendPart(piece, text, last));
        }
        if (!socket.ending.isOpen() || isOverfull()) {
            piece.release();
            return false;
        }
        boolean first = behind == null;
        int kind = !first ? FrameDecoder.CONTINUATION : text ? FrameDecoder.TEXT : FrameDecoder.BINARY;
        add(Frames.of(part.allocator(), last ? FrameDecoder.FIN | kind : kind, piece), true);
        SendQueue waiting = behind;
        if (last) {
            part.stats().messagesOut.increment();
            behind = null;
            if (waiting != null) {
                for (ByteBuf next = waiting.poll(); next != null; next = waiting.poll()) {
                    queue.add(next, false);
                }
            }
        } else if (first) {
            behind = new SendQueue();
        }
        return checkQueue();
    }

    void controlOf(int opcode, ByteBuf payload) {
        if (socket.isHere()) {
            control(opcode, payload);
            payload.release();
        } else {
            socket.elsewhere(payload, () -> {
                control(opcode, payload);
                payload.release();
                return true;
            });
        }
    }

    /** Sends a control frame; the payload stays the caller's. */
    void control(int opcode, ByteBuf payload) {
        if (!socket.ending.isOpen() || isOverfull()) {
            return;
        }
        int bytes = payload.readableBytes();
        ByteBuf to = batched(bytes);
        boolean batched = to != null;
        if (to == null) {
            to = part.allocator().directBuffer(2 + bytes);
        }
        Frames.header(to, FrameDecoder.FIN | opcode, bytes);
        to.writeBytes(payload, payload.readerIndex(), bytes);
        if (!batched) {
            add(to, true);
            checkQueue();
        }
    }

    private boolean compressed(int kind, ByteBuf payload) {
        Compressor compressor;
        DeflateOffer agreed = Objects.requireNonNull(socket.accepted.deflate());
        boolean takeover = agreed.ourTakeover();
        if (takeover) {
            if (!queue.isEmpty() || behind != null) {
                // What refers to others may neither be dropped nor overtaken.
                return offer(Frames.of(part.allocator(), FrameDecoder.FIN | kind, payload));
            }
            if (ownCompressor == null) {
                ownCompressor = new Compressor(config.compression().level(), true);
            }
            compressor = ownCompressor;
        } else {
            compressor = part.compressor(config.compression());
        }
        ByteBuf frame = compressor.frame(part.allocator(), kind, payload, agreed.window());
        payload.release();
        if (takeover) {
            part.stats().messagesOut.increment();
            add(frame, true);
            return checkQueue();
        }
        return offer(frame);
    }

    /** The buffer of the read batch under way, if a frame may go there; null if it has to wait in the queue. */
    private @Nullable ByteBuf batched(int payload) {
        if (!batch || payload > Frames.COPIED || !queue.isEmpty() || behind != null) {
            return null;
        }
        ByteBuf to = output;
        if (to != null && to.readableBytes() + payload + Frames.LONGEST_HEADER > ENOUGH_TO_SEND) {
            flush();
            to = output;
        }
        if (to == null) {
            if (!socket.context().channel().isWritable()) {
                return null;
            }
            to = part.takeOutput();
            output = to;
        }
        return to;
    }

    /** A frame that others send too: a reference of the caller's is taken. */
    void offerShared(ByteBuf frame) {
        if (socket.ending.isOpen()) {
            offer(frame.retain());
        }
    }

    /** Takes a message over, if there is room. */
    private boolean offer(ByteBuf frame) {
        if (isOverfull()) {
            frame.release();
            return false;
        }
        long size = config.queue().size().bytes();
        long waiting = queuedBytes();
        if (waiting > ENOUGH_TO_SEND || waiting > 0 && waiting + frame.readableBytes() > size) {
            // Nothing waits, and nothing is dropped, that the socket would take.
            if (socket.shard.inEventLoop() && socket.context().channel().isWritable()) {
                flush();
                waiting = queuedBytes();
            }
        }
        if (waiting > 0 && waiting + frame.readableBytes() > size) {
            switch (config.queue().policy()) {
                case WAIT -> {
                }
                case DROP_OLDEST -> {
                    while (queuedBytes() + frame.readableBytes() > size && dropOldest()) {
                        part.stats().dropped.increment();
                    }
                }
                case DROP_NEWEST -> {
                    part.stats().dropped.increment();
                    frame.release();
                    full = true;
                    return false;
                }
                case CLOSE -> {
                    part.stats().dropped.increment();
                    frame.release();
                    socket.ending.tooSlow();
                    return false;
                }
            }
        }
        if (behind != null) {
            behind.add(frame, false);
        } else {
            add(frame, false);
        }
        return checkQueue();
    }

    private boolean dropOldest() {
        return queue.dropOldest() || behind != null && behind.dropOldest();
    }

    void add(ByteBuf frame, boolean keep) {
        queue.add(frame, keep);
        flushSoon();
    }

    private void flushSoon() {
        if (!dirty && !batch) {
            dirty = true;
            part.later(socket);
        }
    }

    private boolean checkQueue() {
        long waiting = queuedBytes();
        long size = config.queue().size().bytes();
        if (waiting > size && !full) {
            full = true;
            if (config.queue().policy() == Policy.WAIT) {
                socket.in.hold(Incoming.BY_QUEUE);
            }
        }
        return !full;
    }

    /** Whether nobody has heeded that senders are to wait; the client is let go then. */
    private boolean isOverfull() {
        long waiting = queuedBytes();
        if (waiting <= ENOUGH_TO_SEND || waiting / HEEDLESS <= config.queue().size().bytes()) {
            return false;
        }
        socket.ending.tooSlow();
        return true;
    }

    long queuedBytes() {
        SendQueue waiting = behind;
        return waiting == null ? queue.bytes() : queue.bytes() + waiting.bytes();
    }

    boolean isWritable() {
        return !full && socket.ending.isOpen();
    }

    ShardFuture<@Nullable Void> whenWritable() {
        ShardFuture<@Nullable Void> future = socket.shard.newFuture();
        if (!full || !socket.ending.isOpen()) {
            future.complete(null);
        } else {
            if (waiters == null) {
                waiters = new ArrayList<>();
            }
            waiters.add(future);
        }
        return future;
    }

    void flushLater() {
        dirty = false;
        if (!batch && socket.context().channel().isActive()) {
            flush();
        }
    }

    /** Hands to the socket what it takes. */
    void flush() {
        if (flushing) {
            return;
        }
        flushing = true;
        Channel channel = socket.context().channel();
        do {
            writeBatch();
            ByteBuf pong = answer;
            if (pong != null && channel.isWritable()) {
                answer = null;
                write(pong);
            }
            writeQueue(channel);
            socket.context().flush();
        } while (!queue.isEmpty() && channel.isWritable());
        flushing = false;
        if (full && queuedBytes() <= config.queue().size().bytes() / 2) {
            full = false;
            socket.shard.execute(this::writableAgain);
        }
    }

    private void writeBatch() {
        ByteBuf replies = output;
        output = null;
        if (replies != null) {
            write(replies);
        }
    }

    private void writeQueue(Channel channel) {
        while (!queue.isEmpty() && channel.isWritable()) {
            write(queue.next(part, ENOUGH_TO_SEND));
        }
    }

    private void write(ByteBuf bytes) {
        wrote = true;
        part.stats().bytesOut.add(bytes.readableBytes());
        socket.context().write(bytes, socket.context().voidPromise());
    }

    private void wakeWaiters() {
        List<ShardFuture<@Nullable Void>> woken = waiters;
        waiters = null;
        if (woken != null) {
            for (ShardFuture<@Nullable Void> each : woken) {
                each.resolve(null);
            }
        }
    }

    private void writableAgain() {
        if (full) {
            return;
        }
        socket.in.letGo(Incoming.BY_QUEUE);
        wakeWaiters();
        if (socket.ending.isOpen()) {
            try {
                socket.listener.writable(socket);
            } catch (Throwable failure) {
                socket.failed(failure);
            }
        }
    }

    /** Sends what was sent before, as far as the client has room for it. */
    void sendWaiting() {
        writeBatch();
        writeQueue(socket.context().channel());
    }

    void sendLast(ByteBuf frame) {
        writeBatch();
        dropQueue();
        write(frame);
    }
}
