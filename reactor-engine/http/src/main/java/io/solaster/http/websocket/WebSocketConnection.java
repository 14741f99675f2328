package io.solaster.http.websocket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.server.WebSocketQueueConfig.Policy;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.timer.Timer;
import io.solaster.http.GatherBudget;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket connection: reads its frames in place, hands their messages over, and sends what it is given. On the
 * owning shard only, but for the methods of {@link WebSocket}.
 *
 * <p>
 * What is sent while a read batch is handled goes into one buffer and leaves in one write at the batch's end. What is
 * sent at other times waits in {@link SendQueue} for the end of the turn, as does what the socket does not take; frames
 * stay apart there, so that they can be dropped. Whatever ends the conversation, {@link #finish} is called once.
 */
final class WebSocketConnection extends ChannelInboundHandlerAdapter implements WebSocket {
    private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);
    /** What one read batch sends is handed to the socket when it is so much, and frames that wait in such lots. */
    private static final int ENOUGH_TO_SEND = 16 * 1024;
    /** What may wait for its turn until no more is read. */
    private static final int MOST_WAITING = 64 * 1024;
    /** What compressed messages may come to in one turn: few bytes that are sent may be many. */
    private static final int INFLATED_PER_TURN = 64 * 1024;
    /** Messages between two looks at the clock. */
    private static final int UNTIMED = 64;
    /** How many times the queue's size may wait where nobody heeds that senders are to wait. */
    private static final int PATIENCE = 4;

    private enum State {
        /** Both sides may send. */
        OPEN,
        /** We have ended the conversation; the client has not answered. */
        CLOSING,
        /** It is over; what the client sends is dropped until it closes. */
        OVER
    }

    // Why the client is not read from.
    private static final int BY_USER = 1;
    private static final int BY_QUEUE = 2;
    private static final int BY_LANE = 4;
    private static final int BY_TURN = 8;

    private final WebSocketShard part;
    private final Shard shard;
    private final WebSocketConfig config;
    private final WebSocketListener listener;
    private final WebSocketListener.@Nullable Raw raw;
    private final WebSocketListener.@Nullable Parts parts;
    private final Accepted accepted;
    private final FrameDecoder decoder;
    private @Nullable ChannelHandlerContext ctx;
    private State state = State.OPEN;
    private boolean finished;
    private int closeCode;
    private String closeReason = "";

    // Reading.
    private @Nullable ByteBuf input;
    /** A message of which parts have come. */
    private @Nullable ByteBuf message;
    private int held;
    private int lanes;
    private boolean processing;
    /** Bytes that the messages of this turn came to which were compressed. */
    private long inflated;
    private @Nullable Decompressor ownDecompressor;

    // Sending.
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
    private @Nullable List<ShardFuture<@Nullable Void>> waiters;
    private @Nullable Compressor ownCompressor;

    // Silence.
    private final Timer timer;
    private final long tick;
    private boolean heard;
    private boolean wrote;
    private long silent;
    private long sincePing;

    private final List<Room.Membership> memberships = new ArrayList<>(2);
    private @Nullable Map<String, Object> attributes;

    WebSocketConnection(WebSocketShard part, WebSocketConfig config, WebSocketListener listener, Accepted accepted) {
        this.part = part;
        this.shard = part.shard();
        this.config = config;
        this.listener = listener;
        this.raw = listener instanceof WebSocketListener.Raw taker ? taker : null;
        this.parts = listener instanceof WebSocketListener.Parts taker ? taker : null;
        this.accepted = accepted;
        this.decoder = new FrameDecoder(true, accepted.deflate() != null, config.maxFrame().bytes(),
                parts != null ? Long.MAX_VALUE : config.maxMessage().bytes());
        this.timer = shard.timers().coarseTimer(this::ticked);
        this.tick = tick(config);
    }

    /** How often to look whether the client is silent; 0 for never. */
    private static long tick(WebSocketConfig config) {
        long ping = config.pingInterval().toNanos() / 2;
        long idle = config.idleTimeout().toNanos() / 4;
        long least = ping == 0 ? idle : idle == 0 ? ping : Math.min(ping, idle);
        return least == 0 ? 0 : Math.max(least, TimeUnit.MILLISECONDS.toNanos(1));
    }

    WebSocketConfig config() {
        return config;
    }

    // ---- the channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        part.stats().opened.increment();
        memberships.add(part.all().add(this));
        if (tick > 0) {
            timer.arm(tick);
        }
        try {
            listener.opened(this);
        } catch (Throwable failure) {
            failed(failure);
        }
        if (!context.channel().isActive()) {
            channelInactive(context);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (state == State.CLOSING) {
            finish(closeCode, closeReason);
        } else {
            finish(CloseCode.ABNORMAL, "");
        }
        state = State.OVER;
        timer.cancel();
        if (!processing) {
            release();
        }
    }

    private void release() {
        dropInput();
        if (message != null) {
            ungather(message);
            message = null;
        }
        if (output != null) {
            output.release();
            output = null;
        }
        dropQueue();
        if (ownDecompressor != null) {
            ownDecompressor.close();
            ownDecompressor = null;
        }
        if (ownCompressor != null) {
            ownCompressor.close();
            ownCompressor = null;
        }
    }

    private void dropInput() {
        if (input != null) {
            input.release();
            input = null;
        }
    }

    private void dropQueue() {
        dropAnswer();
        queue.clear();
        if (behind != null) {
            behind.clear();
            behind = null;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object received) {
        ByteBuf bytes = (ByteBuf) received;
        heard = true;
        part.stats().bytesIn.add(bytes.readableBytes());
        if (state == State.OVER) {
            bytes.release();
            return;
        }
        batch = true;
        append(bytes);
        if (held == 0) {
            process();
        }
        keepRest();
        if (held != 0) {
            readOrWait();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        endBatch();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && (!queue.isEmpty() || answer != null)) {
            flush();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (TcpServer.DRAIN.equals(event)) {
            end(CloseCode.GOING_AWAY, "the server is going away");
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        if (failure instanceof IOException) {
            log.debug("{} is gone", this, failure);
        } else {
            log.error("{} is closed", this, failure);
        }
        context.close();
    }

    // ---- reading

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
            input = bytes == 0 || state == State.OVER ? null : part.allocator().directBuffer(bytes).writeBytes(rest);
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
        part.reading = this;
        while (at < end && held == 0 && state != State.OVER) {
            int used = decoder.decode(base + at, end - at);
            if (used <= 0) {
                if (used < 0) {
                    fail(decoder.closeCode(), decoder.reason());
                }
                break;
            }
            found(in, at + decoder.payload(), base);
            at += used;
            if (at < end && (inflated >= INFLATED_PER_TURN || ++count % UNTIMED == 0 && Shard.needPreempt())) {
                hold(BY_TURN);
                shard.execute(() -> letGo(BY_TURN));
            }
        }
        in.readerIndex(at);
        part.reading = null;
        processing = false;
        if (!context().channel().isActive()) {
            release();
        }
    }

    /** Goes on where reading was held up. On the loop. */
    private void goOn() {
        if (held == 0 && !processing && input != null && state != State.OVER) {
            batch = true;
            process();
            keepRest();
            readOrWait();
            endBatch();
        }
    }

    /** Reads from the client unless it is held up, or there is more already than a turn's work. */
    private void readOrWait() {
        ByteBuf rest = input;
        boolean read = (held & ~BY_TURN) == 0 && (rest == null || rest.readableBytes() <= MOST_WAITING);
        if (context().channel().config().isAutoRead() != read) {
            context().channel().config().setAutoRead(read);
        }
    }

    private void endBatch() {
        batch = false;
        if (output != null || !queue.isEmpty() || answer != null) {
            flush();
        }
    }

    private void found(ByteBuf in, int from, long base) {
        int length = decoder.payloadLength();
        switch (decoder.opcode()) {
            case FrameDecoder.CLOSE -> closeReceived(in, from, length);
            case FrameDecoder.PING -> pinged(in, from, length);
            case FrameDecoder.PONG -> ponged(in, from, length);
            default -> {
                if (state == State.OPEN) {
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
            if (last && message != null && state == State.OPEN) {
                decompress(text);
            }
        } else if (parts != null) {
            ByteBuf piece = in.retainedSlice(from, length);
            try {
                parts.part(this, piece, text, last);
            } catch (Throwable failure) {
                failed(failure);
            } finally {
                piece.release();
            }
        } else if (last && decoder.isFirst()) {
            whole(in, from, length, base + from, text, decoder.isAscii());
        } else {
            gather(in, from, length);
            if (last && message != null && state == State.OPEN) {
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
                    raw.message(this, payload, text);
                } finally {
                    payload.release();
                }
            } else if (text) {
                listener.text(this, ascii
                        ? part.ascii(address, length)
                        : buffer.toString(from, length, StandardCharsets.UTF_8));
            } else {
                ByteBuf payload = buffer.retainedSlice(from, length);
                try {
                    listener.binary(this, payload);
                } finally {
                    payload.release();
                }
            }
        } catch (Throwable failure) {
            failed(failure);
        }
    }

    private GatherBudget budget() {
        return GatherBudget.of(context().channel());
    }

    /** Lets go of what was gathered. */
    private void ungather(ByteBuf gathered) {
        budget().give(gathered.capacity());
        gathered.release();
    }

    /** Puts a part of a message to those before it; memory grows with what has come, not with what is announced. */
    private void gather(ByteBuf in, int from, int length) {
        ByteBuf into = message;
        long have = into == null ? 0 : into.readableBytes();
        long limit = config.maxMessage().bytes();
        if (have + length > limit) {
            fail(CloseCode.TOO_BIG, "message over " + limit + " bytes");
            return;
        }
        if (into == null || into.writableBytes() < length) {
            long announced = have + length + decoder.missing();
            long wanted = Math.clamp(Math.max(256, 2 * have), have + length, Math.max(announced, have + length));
            int room = (int) Math.min(wanted, Integer.MAX_VALUE - 16) + 8;
            int before = into == null ? 0 : into.capacity();
            if (!budget().take(room - before, before)) {
                budget().refused();
                fail(CloseCode.TRY_AGAIN, "too many messages at once");
                return;
            }
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

    private void decompress(boolean text) {
        ByteBuf compressed = Objects.requireNonNull(message);
        message = null;
        DeflateOffer agreed = Objects.requireNonNull(accepted.deflate());
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
                fail(CloseCode.TOO_BIG, "message over " + limit + " bytes");
                return;
            }
            long address = Memory.address(plain);
            Utf8 utf8 = new Utf8();
            if (text && !(utf8.accept(address, length) && utf8.isComplete())) {
                fail(CloseCode.BAD_DATA, "text is no UTF-8");
                return;
            }
            if (parts != null) {
                parts.part(this, plain, text, true);
            } else {
                whole(plain, 0, length, address, text, false);
            }
        } catch (DataFormatException malformed) {
            fail(CloseCode.BAD_DATA, "compressed data is malformed");
        } catch (Throwable failure) {
            failed(failure);
        } finally {
            decompressor.end();
            ungather(compressed);
            plain.release();
        }
    }

    private void pinged(ByteBuf in, int from, int length) {
        if (state != State.OPEN) {
            return;
        }
        ByteBuf payload = in.retainedSlice(from, length);
        try {
            answer(payload);
            listener.ping(this, payload);
        } catch (Throwable failure) {
            failed(failure);
        } finally {
            payload.release();
        }
    }

    /** Answers a ping; of several that wait for room the last is enough. */
    private void answer(ByteBuf payload) {
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

    private void ponged(ByteBuf in, int from, int length) {
        ByteBuf payload = in.retainedSlice(from, length);
        try {
            listener.pong(this, payload);
        } catch (Throwable failure) {
            failed(failure);
        } finally {
            payload.release();
        }
    }

    private void failed(Throwable failure) {
        try {
            listener.failed(this, failure);
        } catch (Throwable again) {
            log.error("{}: {} failed, and so did its failed()", this, listener.getClass().getName(), again);
            end(CloseCode.INTERNAL_ERROR, "the server failed");
        }
    }

    // ---- holding the client up

    @Override
    public void pause() {
        if (isHere()) {
            hold(BY_USER);
        } else {
            shard.execute(() -> hold(BY_USER));
        }
    }

    @Override
    public void resume() {
        if (isHere()) {
            letGo(BY_USER);
        } else {
            shard.execute(() -> letGo(BY_USER));
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

    private void hold(int why) {
        if (state != State.OPEN && why != BY_TURN) {
            return;
        }
        held |= why;
        if (why != BY_TURN) {
            context().channel().config().setAutoRead(false);
        }
    }

    private void letGo(int why) {
        if ((held & why) == 0) {
            return;
        }
        held &= ~why;
        if (held == 0) {
            readOrWait();
            if (!processing && input != null) {
                shard.execute(this::goOn);
            }
        }
    }

    // ---- sending

    @Override
    public boolean send(CharSequence text) {
        if (!isHere()) {
            String same = text.toString();
            return elsewhere(Unpooled.EMPTY_BUFFER, () -> send(same));
        }
        if (state != State.OPEN) {
            return false;
        }
        int bytes = ByteBufUtil.utf8Bytes(text);
        if (compresses(bytes)) {
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

    @Override
    public boolean send(ByteBuf bytes) {
        return isHere() ? send(FrameDecoder.BINARY, bytes) : elsewhere(bytes, () -> send(FrameDecoder.BINARY, bytes));
    }

    @Override
    public boolean sendText(ByteBuf utf8) {
        return isHere() ? send(FrameDecoder.TEXT, utf8) : elsewhere(utf8, () -> send(FrameDecoder.TEXT, utf8));
    }

    private boolean send(int kind, ByteBuf payload) {
        int bytes = payload.readableBytes();
        if (state != State.OPEN) {
            payload.release();
            return false;
        }
        if (compresses(bytes)) {
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

    @Override
    public boolean sendPart(ByteBuf piece, boolean text, boolean last) {
        if (!isHere()) {
            return elsewhere(piece, () -> sendPart(piece, text, last));
        }
        if (state != State.OPEN || isOverfull()) {
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

    @Override
    public void ping(ByteBuf payload) {
        if (payload.readableBytes() > FrameDecoder.LONGEST_CONTROL) {
            int bytes = payload.readableBytes();
            payload.release();
            throw new IllegalArgumentException("a ping of " + bytes + " bytes; 125 are the most");
        }
        controlOf(FrameDecoder.PING, payload);
    }

    @Override
    public void pong(ByteBuf payload) {
        if (payload.readableBytes() > FrameDecoder.LONGEST_CONTROL) {
            int bytes = payload.readableBytes();
            payload.release();
            throw new IllegalArgumentException("a pong of " + bytes + " bytes; 125 are the most");
        }
        controlOf(FrameDecoder.PONG, payload);
    }

    private void controlOf(int opcode, ByteBuf payload) {
        if (isHere()) {
            control(opcode, payload);
            payload.release();
        } else {
            elsewhere(payload, () -> {
                control(opcode, payload);
                payload.release();
                return true;
            });
        }
    }

    /** Sends a control frame; the payload stays the caller's. */
    private void control(int opcode, ByteBuf payload) {
        if (state != State.OPEN || isOverfull()) {
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

    /** Whether a message of so many bytes would be compressed by itself. */
    private boolean compresses(int bytes) {
        return accepted.deflate() != null && bytes > 0 && bytes >= config.compression().threshold().bytes();
    }

    /** Whether a message of so many bytes may be compressed once for many. */
    boolean sharesCompression(int bytes) {
        if (!compresses(bytes)) {
            return false;
        }
        DeflateOffer agreed = Objects.requireNonNull(accepted.deflate());
        return !agreed.ourTakeover() && bytes <= agreed.window();
    }

    private boolean compressed(int kind, ByteBuf payload) {
        Compressor compressor;
        DeflateOffer agreed = Objects.requireNonNull(accepted.deflate());
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
            if (!context().channel().isWritable()) {
                return null;
            }
            to = part.takeOutput();
            output = to;
        }
        return to;
    }

    /** A frame that others send too: a reference of the caller's is taken. */
    void offerShared(ByteBuf frame) {
        if (state == State.OPEN) {
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
            if (shard.inEventLoop() && context().channel().isWritable()) {
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
                    tooSlow();
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

    private void add(ByteBuf frame, boolean keep) {
        queue.add(frame, keep);
        flushSoon();
    }

    private void flushSoon() {
        if (!dirty && !batch) {
            dirty = true;
            part.later(this);
        }
    }

    private boolean checkQueue() {
        long waiting = queuedBytes();
        long size = config.queue().size().bytes();
        if (waiting > size && !full) {
            full = true;
            if (config.queue().policy() == Policy.WAIT) {
                hold(BY_QUEUE);
            }
        }
        return !full;
    }

    /** Whether nobody has heeded that senders are to wait; the client is let go then. */
    private boolean isOverfull() {
        long waiting = queuedBytes();
        if (waiting <= ENOUGH_TO_SEND || waiting / PATIENCE <= config.queue().size().bytes()) {
            return false;
        }
        tooSlow();
        return true;
    }

    /** The client reads too slowly. Not at once, since somebody may be about to go through all connections. */
    private void tooSlow() {
        if (state == State.OPEN) {
            state = State.CLOSING;
            closeCode = CloseCode.POLICY;
            closeReason = "too slow to read";
            dropQueue();
            shard.execute(() -> {
                log.debug("{} is closed: it does not read, and over {} wait for it", this, config.queue().size());
                if (!finished) {
                    fail(CloseCode.POLICY, closeReason);
                }
            });
        }
    }

    /** Has a task done on the shard, with a buffer that is released if the shard has ended. */
    private boolean elsewhere(ByteBuf owned, Callable<Boolean> task) {
        Handover handover = new Handover(owned, task);
        shard.executeOrElse(handover, handover::abandon);
        return isWritable();
    }

    @Override
    public long queuedBytes() {
        SendQueue waiting = behind;
        return waiting == null ? queue.bytes() : queue.bytes() + waiting.bytes();
    }

    @Override
    public boolean isWritable() {
        return !full && state == State.OPEN;
    }

    @Override
    public ShardFuture<@Nullable Void> whenWritable() {
        ShardFuture<@Nullable Void> future = shard.newFuture();
        if (!full || state != State.OPEN) {
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
        if (!batch && context().channel().isActive()) {
            flush();
        }
    }

    /** Hands to the socket what it takes. On the loop. */
    private void flush() {
        if (flushing) {
            return;
        }
        flushing = true;
        Channel channel = context().channel();
        do {
            ByteBuf replies = output;
            output = null;
            if (replies != null) {
                write(replies);
            }
            ByteBuf pong = answer;
            if (pong != null && channel.isWritable()) {
                answer = null;
                write(pong);
            }
            while (!queue.isEmpty() && channel.isWritable()) {
                write(next());
            }
            context().flush();
        } while (!queue.isEmpty() && channel.isWritable());
        flushing = false;
        if (full && queuedBytes() <= config.queue().size().bytes() / 2) {
            full = false;
            shard.execute(this::writableAgain);
        }
    }

    private void write(ByteBuf bytes) {
        wrote = true;
        part.stats().bytesOut.add(bytes.readableBytes());
        context().write(bytes, context().voidPromise());
    }

    /** What to write next: short frames together. */
    private ByteBuf next() {
        int first = queue.nextBytes();
        if (queue.count() == 1 || first > Frames.COPIED) {
            ByteBuf frame = poll();
            // Who writes a buffer moves its indices, which are not ours alone while others send it too.
            return frame.refCnt() > 1 ? frame.duplicate() : frame;
        }
        ByteBuf lot = part.allocator().directBuffer((int) Math.min(queue.bytes(), ENOUGH_TO_SEND));
        for (int bytes = first; bytes > 0 && bytes <= Frames.COPIED
                && lot.readableBytes() + bytes <= ENOUGH_TO_SEND; bytes = queue.nextBytes()) {
            ByteBuf frame = poll();
            lot.writeBytes(frame, frame.readerIndex(), bytes);
            frame.release();
        }
        return lot;
    }

    private ByteBuf poll() {
        if (queue.nextIsMessage()) {
            part.stats().messagesOut.increment();
        }
        return Objects.requireNonNull(queue.poll());
    }

    private void writableAgain() {
        if (full) {
            return;
        }
        letGo(BY_QUEUE);
        wakeWaiters();
        if (state == State.OPEN) {
            try {
                listener.writable(this);
            } catch (Throwable failure) {
                failed(failure);
            }
        }
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

    // ---- the end

    @Override
    public void close() {
        close(CloseCode.NORMAL, "");
    }

    @Override
    public void close(int code, String reason) {
        if (!CloseCode.maySend(code)) {
            throw new IllegalArgumentException("close code " + code
                    + " must not be sent; take 1000 to 1003, 1007 to 1014, or one of your own from 3000 to 4999");
        }
        int bytes = ByteBufUtil.utf8Bytes(reason);
        if (bytes > FrameDecoder.LONGEST_CONTROL - 2) {
            throw new IllegalArgumentException("a reason of " + bytes + " bytes; 123 are the most: " + reason);
        }
        if (isHere()) {
            end(code, reason);
        } else {
            shard.execute(() -> end(code, reason));
        }
    }

    /** Says that we end it, behind all that was sent; the client is to answer. */
    private void end(int code, String reason) {
        if (state != State.OPEN) {
            return;
        }
        state = State.CLOSING;
        closeCode = code;
        closeReason = reason;
        if (behind != null) {
            behind.clear();
            behind = null;
        }
        add(Frames.close(part.allocator(), code, reason), true);
        timer.arm(config.closeTimeout());
        // Its answer has to be read.
        letGo(BY_USER | BY_QUEUE | BY_LANE);
    }

    private void closeReceived(ByteBuf in, int from, int length) {
        int code = CloseCode.NONE;
        String reason = "";
        if (length > 0) {
            code = length == 1 ? 0 : in.getUnsignedShort(from);
            if (!CloseCode.maySend(code)) {
                fail(CloseCode.PROTOCOL_ERROR, "invalid close code");
                return;
            }
            Utf8 utf8 = new Utf8();
            if (!utf8.accept(Memory.address(in) + from + 2, length - 2) || !utf8.isComplete()) {
                fail(CloseCode.BAD_DATA, "close reason is no UTF-8");
                return;
            }
            reason = in.toString(from + 2, length - 2, StandardCharsets.UTF_8);
        }
        boolean answered = state == State.CLOSING;
        state = State.OVER;
        if (answered) {
            finish(closeCode, closeReason);
            // Nothing of ours is left in the queue, unless the client did not wait for it.
            lastWord(queue.isEmpty()
                    ? Unpooled.EMPTY_BUFFER
                    : Frames.close(part.allocator(), closeCode, closeReason));
        } else {
            finish(code, reason);
            lastWord(Frames.close(part.allocator(), code, ""));
        }
    }

    /** Ends it over something that cannot be put right: what is still to come is not looked at. */
    private void fail(int code, String reason) {
        if (state == State.OVER) {
            return;
        }
        log.debug("{} is closed: {} {}", this, code, reason);
        boolean wasOpen = state == State.OPEN;
        state = State.OVER;
        ByteBuf last = Frames.close(part.allocator(), code, reason);
        finish(code, reason);
        timer.arm(config.closeTimeout());
        if (wasOpen) {
            sendWaiting();
        }
        sendLast(last);
        // To close with bytes unread would reset the connection, and the client would not learn why.
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
            if (sent.isSuccess()) {
                closeOutput();
            } else {
                context().close();
            }
        });
        held = 0;
        context().channel().config().setAutoRead(true);
    }

    private void closeOutput() {
        SslHandler tls = context().pipeline().get(SslHandler.class);
        if (tls != null) {
            tls.closeOutbound();
        } else if (context().channel() instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        } else {
            context().close();
        }
    }

    /** Both sides have said that it is over: the last frame, and then it is the server that closes. */
    private void lastWord(ByteBuf frame) {
        timer.arm(config.closeTimeout());
        sendLast(frame);
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    /** Sends what was sent before, as far as the client has room for it. */
    private void sendWaiting() {
        ByteBuf replies = output;
        output = null;
        if (replies != null) {
            write(replies);
        }
        while (!queue.isEmpty() && context().channel().isWritable()) {
            write(next());
        }
    }

    private void sendLast(ByteBuf frame) {
        ByteBuf replies = output;
        output = null;
        if (replies != null) {
            write(replies);
        }
        dropQueue();
        write(frame);
    }

    @Override
    public void abort() {
        shard.execute(() -> context().close());
    }

    /** The conversation is over: told once. */
    private void finish(int code, String reason) {
        if (finished) {
            return;
        }
        finished = true;
        for (Room.Membership membership : memberships) {
            part.leave(membership);
        }
        memberships.clear();
        part.stats().close(code);
        full = false;
        wakeWaiters();
        try {
            listener.closed(this, code, reason);
        } catch (Throwable failure) {
            log.error("{}: {} failed in closed()", this, listener.getClass().getName(), failure);
        }
    }

    /** Looks after silence, while it is open; then after those who do not answer. */
    private void ticked() {
        if (state != State.OPEN) {
            if (state == State.CLOSING) {
                finish(closeCode, closeReason);
            }
            state = State.OVER;
            context().close();
            return;
        }
        // Who is not read from cannot be heard; one that is to read what waits for it has to do so, however slowly.
        boolean heldUp = (held & (BY_USER | BY_LANE)) != 0 || (held & BY_QUEUE) != 0 && wrote;
        wrote = false;
        if (heard || heldUp) {
            heard = false;
            silent = 0;
            sincePing = 0;
        } else {
            silent += tick;
            sincePing += tick;
        }
        long idle = config.idleTimeout().toNanos();
        long ping = config.pingInterval().toNanos();
        timer.arm(tick);
        if (idle > 0 && silent >= idle) {
            end(CloseCode.GOING_AWAY, "silent for too long");
        } else if (ping > 0 && sincePing >= ping) {
            sincePing = 0;
            part.stats().pings.increment();
            control(FrameDecoder.PING, Unpooled.EMPTY_BUFFER);
        }
    }

    // ---- what is known of it

    /** Joins a room, unless it is a member or gone. */
    void join(String name) {
        if (finished || membership(name) != null) {
            return;
        }
        memberships.add(part.makeRoom(name).add(this));
    }

    void leave(String name) {
        Room.Membership membership = membership(name);
        if (membership != null) {
            memberships.remove(membership);
            part.leave(membership);
        }
    }

    private Room.@Nullable Membership membership(String name) {
        // The first is in the room of all.
        for (int i = 1; i < memberships.size(); i++) {
            if (memberships.get(i).room().name().equals(name)) {
                return memberships.get(i);
            }
        }
        return null;
    }

    WebSocketShard part() {
        return part;
    }

    private boolean isHere() {
        return Shard.current() == shard;
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }

    @Override
    public boolean isOpen() {
        return state == State.OPEN;
    }

    @Override
    public @Nullable String subprotocol() {
        return accepted.subprotocol();
    }

    @Override
    public String path() {
        return accepted.path();
    }

    @Override
    public String pathParam(String name) {
        String value = accepted.pathParams().get(name);
        if (value == null) {
            throw new IllegalArgumentException("no '" + name + "' in the route of " + accepted.path() + "; there is "
                    + accepted.pathParams().keySet());
        }
        return value;
    }

    @Override
    public Map<String, String> pathParams() {
        return accepted.pathParams();
    }

    @Override
    public Shard shard() {
        return shard;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) context().channel().remoteAddress();
    }

    @Override
    public @Nullable Object attribute(String name) {
        return attributes == null ? null : attributes.get(name);
    }

    @Override
    public void attribute(String name, @Nullable Object value) {
        if (attributes == null) {
            attributes = new HashMap<>(4);
        }
        if (value == null) {
            attributes.remove(name);
        } else {
            attributes.put(name, value);
        }
    }

    @Override
    public String toString() {
        return "WebSocket " + accepted.path() + " of "
                + (ctx == null ? "nobody yet" : String.valueOf(ctx.channel().remoteAddress()));
    }
}
