package io.solaster.http.websocket;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.DataFormatException;

import io.netty.buffer.ByteBuf;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.UnreadInput;
import io.solaster.http.exchange.GatherBudget;
import org.jspecify.annotations.Nullable;

/**
 * What comes in over a connection: finds its frames in place, puts messages together and hands them over, and holds the
 * client up where nobody keeps pace. On the owning shard.
 */
final class Incoming implements GatherBudget.Waiter {
    /** What may wait for its turn until no more is read. */
    private static final int MOST_WAITING = 64 * 1024;
    /** What compressed messages may come to in one turn: few bytes that are sent may be many. */
    private static final int INFLATED_PER_TURN = 64 * 1024;
    /** Messages between two looks at the clock. */
    private static final int UNTIMED = 64;

    // Why the client is not read from.
    static final int BY_USER = 1;
    static final int BY_QUEUE = 2;
    static final int BY_LANE = 4;
    private static final int BY_TURN = 8;
    private static final int BY_MEMORY = 16;

    private final WebSocketConnection socket;
    private final WebSocketShard part;
    private final WebSocketConfig config;
    private final WebSocketListener.@Nullable Raw raw;
    private final WebSocketListener.@Nullable Parts parts;
    private final FrameDecoder decoder;
    private @Nullable ByteBuf input;
    /** A message of which parts have come. */
    private @Nullable ByteBuf message;
    /** Bytes that are taken from the budget for it; the buffer may come to hold more. */
    private int counted;
    /** The first part of a message, while that waits for memory. */
    private @Nullable ByteBuf unplaced;
    private int held;
    private int lanes;
    private boolean processing;
    /** Bytes that the messages of this turn came to which were compressed. */
    private long inflated;
    private @Nullable Decompressor ownDecompressor;

    Incoming(WebSocketConnection socket) {
        this.socket = socket;
        this.part = socket.part;
        this.config = socket.config;
        this.raw = socket.listener instanceof WebSocketListener.Raw taker ? taker : null;
        this.parts = socket.listener instanceof WebSocketListener.Parts taker ? taker : null;
        this.decoder = new FrameDecoder(true, socket.accepted.deflate() != null, config.maxFrame().bytes(),
                parts != null ? Long.MAX_VALUE : config.maxMessage().bytes());
    }

    /** Takes over what was received. */
    void received(ByteBuf bytes) {
        if (socket.ending.isOver()) {
            bytes.release();
            return;
        }
        socket.out.beginBatch();
        append(bytes);
        if (held == 0) {
            process();
        }
        keepRest();
        if (held != 0) {
            readOrWait();
        }
    }

    /** Whether messages are being handed over, so that memory of theirs must stay. */
    boolean isProcessing() {
        return processing;
    }

    /** Whether silence is no fault of the client's, which is not read from. */
    boolean isHeldUp() {
        return (held & (BY_USER | BY_LANE | BY_MEMORY)) != 0;
    }

    boolean isHeldByQueue() {
        return (held & BY_QUEUE) != 0;
    }

    /** Reads on whatever held the client up: it is over, and what comes is dropped. */
    void readToTheEnd() {
        waitNoMore();
        held = 0;
        socket.context().channel().config().setAutoRead(true);
    }

    /** The conversation is being ended: the client's answer has to be read. */
    void readAnswer() {
        waitNoMore();
        letGo(BY_USER | BY_QUEUE | BY_LANE | BY_MEMORY);
    }

    void release() {
        waitNoMore();
        dropInput();
        if (message != null) {
            ungather(message);
            message = null;
        }
        if (ownDecompressor != null) {
            ownDecompressor.close();
            ownDecompressor = null;
        }
    }

    private void append(ByteBuf received) {
        ByteBuf rest = input;
        if (rest == null && received.isDirect() && received.nioBufferCount() == 1 && !received.isReadOnly()) {
            input = received;
            return;
        }
        int bytes = received.readableBytes() + (rest == null ? 0 : rest.readableBytes());
        ByteBuf both = part.allocator().directBuffer(bytes);
        if (rest != null) {
            both.writeBytes(rest);
            rest.release();
        }
        both.writeBytes(received);
        received.release();
        input = both;
    }

    /** Keeps what is not used up, in no more memory than it needs: the buffer is read into again. */
    private void keepRest() {
        ByteBuf rest = input;
        if (rest != null) {
            int bytes = rest.readableBytes();
            input = bytes == 0 || socket.ending.isOver() ? null : part.allocator().directBuffer(bytes).writeBytes(rest);
            rest.release();
        }
    }

    private void process() {
        ByteBuf in = Objects.requireNonNull(input);
        long base = Memory.address(in);
        int at = in.readerIndex();
        int end = in.writerIndex();
        int count = 0;
        inflated = 0;
        processing = true;
        part.reading = socket;
        while (at < end && held == 0 && !socket.ending.isOver()) {
            int used = decoder.decode(base + at, end - at);
            if (used <= 0) {
                if (used < 0) {
                    socket.ending.fail(decoder.closeCode(), decoder.reason());
                }
                break;
            }
            found(in, at + decoder.payload(), base);
            at += used;
            if (at < end && (inflated >= INFLATED_PER_TURN || ++count % UNTIMED == 0 && Shard.needPreempt())) {
                hold(BY_TURN);
                socket.shard.execute(() -> letGo(BY_TURN));
            }
        }
        in.readerIndex(at);
        processed();
    }

    private void processed() {
        part.reading = null;
        processing = false;
        if (!socket.context().channel().isActive()) {
            socket.release();
        }
    }

    /** Goes on where reading was held up. On the loop. */
    private void goOn() {
        if (held == 0 && !processing && input != null && !socket.ending.isOver()) {
            socket.out.beginBatch();
            process();
            keepRest();
            readOrWait();
            socket.out.endBatch();
        }
    }

    /** Reads from the client unless it is held up, or there is more already than a turn's work. */
    private void readOrWait() {
        ByteBuf rest = input;
        boolean read = (held & ~BY_TURN) == 0 && (rest == null || rest.readableBytes() <= MOST_WAITING);
        UnreadInput.readOrWait(socket.context().channel(), read);
    }

    private void found(ByteBuf in, int from, long base) {
        int length = decoder.payloadLength();
        switch (decoder.opcode()) {
            case FrameDecoder.CLOSE -> socket.ending.closeReceived(in, from, length);
            case FrameDecoder.PING -> pinged(in, from, length);
            case FrameDecoder.PONG -> ponged(in, from, length);
            default -> {
                if (socket.ending.isOpen()) {
                    data(in, from, length, base);
                }
            }
        }
    }

    private void data(ByteBuf in, int from, int length, long base) {
        boolean text = decoder.opcode() == FrameDecoder.TEXT;
        boolean last = decoder.isLast();
        if (last) {
            part.stats().messagesIn.increment();
        }
        if (decoder.isCompressed()) {
            gather(in, from, length);
            if (last && message != null && socket.ending.isOpen()) {
                decompress(text);
            }
        } else if (parts != null) {
            ByteBuf piece = in.retainedSlice(from, length);
            try {
                parts.part(socket, piece, text, last);
            } catch (Throwable failure) {
                socket.failed(failure);
            } finally {
                piece.release();
            }
        } else if (last && decoder.isFirst()) {
            whole(in, from, length, base + from, text, decoder.isAscii());
        } else {
            gather(in, from, length);
            if (last && message != null && socket.ending.isOpen()) {
                ByteBuf gathered = message;
                message = null;
                int begin = gathered.readerIndex();
                whole(gathered, begin, gathered.readableBytes(), Memory.address(gathered) + begin, text,
                        decoder.isAscii());
                ungather(gathered);
            }
        }
    }

    private void whole(ByteBuf buffer, int from, int length, long address, boolean text, boolean ascii) {
        try {
            if (raw != null) {
                ByteBuf payload = buffer.retainedSlice(from, length);
                try {
                    raw.message(socket, payload, text);
                } finally {
                    payload.release();
                }
            } else if (text) {
                socket.listener.text(socket, ascii
                        ? part.ascii(address, length)
                        : buffer.toString(from, length, StandardCharsets.UTF_8));
            } else {
                ByteBuf payload = buffer.retainedSlice(from, length);
                try {
                    socket.listener.binary(socket, payload);
                } finally {
                    payload.release();
                }
            }
        } catch (Throwable failure) {
            socket.failed(failure);
        }
    }

    private GatherBudget budget() {
        return GatherBudget.of(socket.context().channel());
    }

    /** Lets go of what was gathered. */
    private void ungather(ByteBuf gathered) {
        budget().give(counted);
        counted = 0;
        gathered.release();
    }

    /** Puts a part of a message to those before it; memory grows with what has come, not with what is announced. */
    private void gather(ByteBuf in, int from, int length) {
        ByteBuf into = message;
        long have = into == null ? 0 : into.readableBytes();
        long limit = config.maxMessage().bytes();
        if (have + length > limit) {
            socket.ending.fail(CloseCode.TOO_BIG, "message over " + limit + " bytes");
            return;
        }
        if (into == null || into.writableBytes() < length + Decompressor.ADDED) {
            long announced = have + length + decoder.missing();
            long wanted = Math.clamp(Math.max(256, 2 * have), have + length, Math.max(announced, have + length));
            int room = (int) Math.min(wanted, Integer.MAX_VALUE - 16) + Decompressor.ADDED;
            boolean taken = into == null ? budget().begin(room) : budget().take(room - counted, counted);
            if (!taken) {
                // One that has begun holds memory that others wait for.
                if (into != null || !budget().waitFor(this, room, Long.MAX_VALUE, true)) {
                    refuse();
                    return;
                }
                unplaced = in.retainedSlice(from, length);
                hold(BY_MEMORY);
                return;
            }
            counted = room;
            ByteBuf larger = part.allocator().directBuffer(room);
            if (into != null) {
                larger.writeBytes(into);
                into.release();
            }
            message = larger;
            into = larger;
        }
        into.writeBytes(in, from, length);
    }

    private void refuse() {
        budget().refused();
        socket.ending.fail(CloseCode.TRY_AGAIN, "too many messages at once");
    }

    /** The message that has waited is begun. */
    @Override
    public void hasMemory(long bytes) {
        ByteBuf first = Objects.requireNonNull(unplaced);
        unplaced = null;
        counted = (int) bytes;
        try {
            message = part.allocator().directBuffer((int) bytes).writeBytes(first);
        } catch (OutOfMemoryError none) {
            budget().give(counted);
            counted = 0;
            refuse();
            dropInput();
            return;
        } finally {
            first.release();
        }
        if (decoder.isLast()) {
            // Compressed, or it would not have been gathered.
            socket.out.beginBatch();
            processing = true;
            part.reading = socket;
            inflated = 0;
            decompress(decoder.opcode() == FrameDecoder.TEXT);
            processed();
            socket.out.endBatch();
        }
        if (socket.ending.isOver()) {
            dropInput();
        }
        // Whoever took the message may have let go of all.
        held |= BY_MEMORY;
        letGo(BY_MEMORY);
    }

    @Override
    public void hasNoMemory() {
        ByteBuf first = Objects.requireNonNull(unplaced);
        unplaced = null;
        first.release();
        refuse();
        dropInput();
    }

    private void waitNoMore() {
        ByteBuf first = unplaced;
        if (first != null) {
            unplaced = null;
            first.release();
            budget().leave(this);
        }
    }

    private void decompress(boolean text) {
        ByteBuf compressed = Objects.requireNonNull(message);
        message = null;
        DeflateOffer agreed = Objects.requireNonNull(socket.accepted.deflate());
        Decompressor decompressor;
        if (agreed.clientTakeover()) {
            if (ownDecompressor == null) {
                ownDecompressor = new Decompressor(true);
            }
            decompressor = ownDecompressor;
        } else {
            decompressor = part.decompressor();
        }
        int limit = (int) Math.min(config.maxMessage().bytes(), Integer.MAX_VALUE - 64);
        ByteBuf plain = part.allocator().directBuffer(Math.min(limit, 4 * compressed.readableBytes() + 64));
        try {
            decompressor.begin(compressed);
            decompressor.inflate(plain, limit + 1);
            int length = plain.readableBytes();
            inflated += length;
            if (length > limit) {
                socket.ending.fail(CloseCode.TOO_BIG, "message over " + limit + " bytes");
                return;
            }
            long address = Memory.address(plain);
            Utf8 utf8 = new Utf8();
            if (text && !(utf8.accept(address, length) && utf8.isComplete())) {
                socket.ending.fail(CloseCode.BAD_DATA, "text is no UTF-8");
                return;
            }
            if (parts != null) {
                parts.part(socket, plain, text, true);
            } else {
                whole(plain, 0, length, address, text, false);
            }
        } catch (DataFormatException malformed) {
            socket.ending.fail(CloseCode.BAD_DATA, "compressed data is malformed");
        } catch (Throwable failure) {
            socket.failed(failure);
        } finally {
            decompressor.end();
            ungather(compressed);
            plain.release();
        }
    }

    private void pinged(ByteBuf in, int from, int length) {
        if (!socket.ending.isOpen()) {
            return;
        }
        ByteBuf payload = in.retainedSlice(from, length);
        try {
            socket.out.answer(payload);
            socket.listener.ping(socket, payload);
        } catch (Throwable failure) {
            socket.failed(failure);
        } finally {
            payload.release();
        }
    }

    private void ponged(ByteBuf in, int from, int length) {
        ByteBuf payload = in.retainedSlice(from, length);
        try {
            socket.listener.pong(socket, payload);
        } catch (Throwable failure) {
            socket.failed(failure);
        } finally {
            payload.release();
        }
    }

    /** A lane that this client's messages feed is over its high-water mark. */
    void holdForLane() {
        lanes++;
        hold(BY_LANE);
    }

    void laneIsWritable() {
        if (--lanes == 0) {
            letGo(BY_LANE);
        }
    }

    void hold(int why) {
        if (!socket.ending.isOpen() && why != BY_TURN) {
            return;
        }
        held |= why;
        if (why != BY_TURN) {
            socket.context().channel().config().setAutoRead(false);
        }
    }

    void letGo(int why) {
        if ((held & why) == 0) {
            return;
        }
        held &= ~why;
        if (held == 0) {
            readOrWait();
            if (!processing && input != null) {
                socket.shard.execute(this::goOn);
            }
        }
    }

    private void dropInput() {
        if (input != null) {
            input.release();
            input = null;
        }
    }
}
