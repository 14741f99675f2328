package io.solaster.rpc.connection;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.ConnectionTimer;
import io.solaster.engine.net.Linger;
import io.solaster.engine.net.PeerAddress;
import io.solaster.engine.net.SocketWatch;
import io.solaster.engine.net.UnreadInput;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.frame.FrameDecoder;
import io.solaster.rpc.frame.FrameWriter;
import io.solaster.rpc.frame.Hello;
import org.jspecify.annotations.Nullable;

/**
 * One side of a connection, whichever: cuts what comes into frames, gathers what goes until the turn ends, and ends the connection
 * when the peer breaks the protocol, is silent though it owes something, or does not read. Beside {@link #received} nothing is read
 * further while too much waits for a peer. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because reading, writing, the credit of all streams together and the end of a connection are one state.
 */
public abstract class LaneConnection extends ChannelInboundHandlerAdapter {
    /** More than this leaves before the turn ends. */
    private static final int SEND_AT = 64 * 1024;
    /** Bytes of streams that one connection is given in one turn, however fast its peer reads. */
    private static final long MOST_STREAMED = 256 * 1024;
    private static final WriteBufferWaterMark WAITS_FOR_PEER = new WriteBufferWaterMark(128 * 1024, 512 * 1024);

    protected final LaneShard home;
    protected final RpcLimits limits;
    protected final FrameDecoder decoder;
    private final boolean isServer;
    private final Hello.Window window;
    private final UnreadInput input = new UnreadInput();
    private final SocketWatch watch = new SocketWatch();
    private @Nullable ConnectionTimer timer;
    private @Nullable ByteBuf output;
    /** Buffers that {@link #open} has given and that are not closed. */
    private int written;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Hello peer;
    /** Streams that wait for room on the connection, in the order in which they came. */
    private final ArrayDeque<LaneStream<?, ?>> blocked = new ArrayDeque<>();
    // What we may still send of all streams, and the peer to us; bytes may be overdrawn by one message.
    private long sendMessages;
    private long sendBytes;
    private long takeMessages;
    private long takeBytes;
    /** What was read, and is not credited again yet. */
    private int readMessages;
    private int readBytes;
    /** Of the last frames, once they are about to leave. */
    private @Nullable Linger linger;
    private boolean gathered;
    /** Of streams, in this turn. */
    private long turnBytes;
    private final Runnable goOnWithStreams = this::goOnWithStreams;
    private boolean goesOn;
    private boolean processing;
    private boolean held;
    private boolean ended;
    private long openedAt;
    private long lastRead;
    private long owedSince;
    private long pings;
    private boolean asked;

    protected LaneConnection(LaneShard home, RpcLimits limits, boolean isServer) {
        this.home = home;
        this.limits = limits;
        this.isServer = isServer;
        this.decoder = new FrameDecoder(isServer, (int) limits.maxMessage().bytes());
        this.window = new Hello.Window(limits.window().messages(), (int) limits.window().bytes().bytes(),
                (int) limits.window().streamBytes().bytes());
        this.takeMessages = window.messages();
        this.takeBytes = window.bytes();
    }

    // ---- for the sides

    /**
     * A frame has come, which the decoder describes; no HELLO, PING, DATA or CREDIT.
     *
     * @param body whose readable bytes are the body; valid until this returns
     * @return whether it was taken; if not, nothing is read until {@link #resume}, and then it comes again
     */
    protected abstract boolean received(ByteBuf body);

    /** The stream of a call; null where there is no such call, or it has none. */
    protected abstract @Nullable LaneStream<?, ?> stream(long id);

    /** Whether a call with this id was ever made. */
    protected abstract boolean wasMade(long id);

    /** The last call of the peer that was begun or refused: what it made later may be made elsewhere. */
    protected abstract long lastBegun();

    /** The peer has said HELLO, for the first time or again. */
    protected abstract void greeted(Hello hello);

    /** The connection has ended. Called once, before it is closed. */
    protected abstract void lost(RpcException why);

    /** Whether the peer is to send something, so that its silence means something. */
    protected abstract boolean isAwaited();

    /** Looks now and then whether there is something to do, such as to close what is idle. */
    protected abstract void look(long now);

    /** What the peer has said of itself; once it has. */
    protected final Hello peer() {
        return Objects.requireNonNull(peer);
    }

    protected final boolean isGreeted() {
        return peer != null;
    }

    /** Whether nothing more comes of it. */
    public final boolean hasEnded() {
        return ended;
    }

    protected final Channel channel() {
        return Objects.requireNonNull(context).channel();
    }

    /** Bytes that wait for the peer to take them. */
    public final long unsent() {
        ByteBuf open = output;
        return SocketWatch.unsent(channel()) + (open == null ? 0 : open.readableBytes());
    }

    /** When something was last read. */
    protected final long lastRead() {
        return lastRead;
    }

    @Override
    public final String toString() {
        return (isServer ? "RPC client " : "RPC server ")
                + (context == null ? "" : PeerAddress.remote(context.channel()));
    }

    // ---- writing

    /**
     * The buffer for a frame whose body code of others writes, which may have this connection write other frames meanwhile: those
     * leave behind it. {@link #close(ByteBuf)} follows, with all frames in it whole.
     */
    protected final ByteBuf open() {
        written++;
        return takeOutput();
    }

    private ByteBuf takeOutput() {
        ByteBuf open = output;
        output = null;
        return open == null ? home.takeOutput() : open;
    }

    /** Whether a frame is being written, so that what was said before is not all in its place yet. */
    protected final boolean isWriting() {
        return written > 0;
    }

    /** What {@link #open} gave is whole again. */
    protected final void close(ByteBuf frames) {
        written--;
        if (ended || !frames.isReadable()) {
            frames.release();
            return;
        }
        ByteBuf behind = output;
        output = frames;
        if (behind != null && written == 0) {
            output = behind;
            Objects.requireNonNull(context).write(frames, context.voidPromise());
        } else if (behind != null) {
            // Others are open before both.
            frames.writeBytes(behind);
            behind.release();
        }
        wrote();
    }

    /** As {@link #close(ByteBuf)}, of what is whole up to an index, since writing the rest may have failed. */
    protected final void close(ByteBuf frames, int whole) {
        frames.writerIndex(whole);
        close(frames);
    }

    /** Has a frame without a body leave with this turn. */
    protected final void write(int type, int flags, long id, int first, int second) {
        ByteBuf out = open();
        FrameWriter.write(out, type, flags, id, first, second);
        close(out);
    }

    /** Has a frame of words leave with this turn. */
    protected final void words(int type, int flags, long id, RpcStatus status, String words) {
        ByteBuf out = open();
        int whole = out.writerIndex();
        try {
            FrameWriter.words(out, type, flags, id, status.code(), words);
            whole = out.writerIndex();
        } finally {
            close(out, whole);
        }
    }

    protected final void greet(Hello hello) {
        ByteBuf out = open();
        int whole = out.writerIndex();
        try {
            hello.write(out);
            whole = out.writerIndex();
        } finally {
            close(out, whole);
        }
    }

    private void wrote() {
        ByteBuf all = output;
        if (written == 0 && all != null && all.readableBytes() >= SEND_AT) {
            flush();
        } else {
            gather();
        }
    }

    private void gather() {
        if (!gathered) {
            gathered = true;
            home.hasOutput(this);
        }
    }

    /** The turn ends. */
    final void flushGathered() {
        gathered = false;
        turnBytes = 0;
        flush();
        if (!blocked.isEmpty() && !goesOn && maySend()) {
            goesOn = true;
            home.shard().execute(goOnWithStreams);
        }
    }

    private void flush() {
        ByteBuf all = output;
        if (all == null) {
            return;
        }
        output = null;
        if (ended) {
            all.release();
            return;
        }
        ChannelHandlerContext to = Objects.requireNonNull(context);
        to.writeAndFlush(all, to.voidPromise());
        long waiting = SocketWatch.unsent(to.channel());
        if (waiting > limits.outputBuffer().bytes()) {
            end(new RpcException(RpcStatus.UNAVAILABLE, "the peer does not read: " + waiting
                    + " bytes wait for it, over outputBuffer (" + limits.outputBuffer() + ")"));
        }
    }

    // ---- reading

    @Override
    public final void handlerAdded(ChannelHandlerContext added) {
        context = added;
        added.channel().config().setWriteBufferWaterMark(WAITS_FOR_PEER);
        added.channel().config().setRecvByteBufAllocator(home.reads());
        openedAt = home.now();
        lastRead = openedAt;
        timer = new ConnectionTimer(home.timers(), this::tick);
        lookBy(openedAt + limits.greetingTimeout().toNanos(), openedAt);
    }

    @Override
    public final void channelRead(ChannelHandlerContext from, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (ended) {
            bytes.release();
            return;
        }
        lastRead = home.now();
        asked = false;
        input.add(bytes, from.alloc(), decoder.expected());
        process();
    }

    private void process() {
        if (processing || ended || input.isEmpty()) {
            return;
        }
        processing = true;
        ByteBuf in = input.bytes();
        int at = in.readerIndex();
        int end = in.writerIndex();
        try {
            long base = Memory.address(in);
            while (at < end && !ended && !held && mayGoOn()) {
                int used = decoder.decode(base + at, end - at);
                if (used < 0) {
                    violated(decoder.error());
                }
                if (used <= 0) {
                    break;
                }
                in.setIndex(at + Frame.HEADER, at + used);
                if (!take(in)) {
                    held = true;
                    break;
                }
                at += used;
            }
        } catch (RuntimeException | Error failure) {
            broken(failure);
        } finally {
            in.setIndex(at, end);
            processing = false;
        }
        if (ended) {
            input.release();
        } else {
            input.keepRest(channel().alloc(), decoder.expected());
            readOrWait();
        }
    }

    /** A client reads always, since a server that waits for it to read does not read meanwhile. */
    private boolean mayGoOn() {
        return !isServer || channel().isWritable();
    }

    private void readOrWait() {
        if (!ended) {
            UnreadInput.readOrWait(channel(), !held && mayGoOn());
        }
    }

    /** What was not taken comes again. */
    protected final void resume() {
        held = false;
        process();
        readOrWait();
    }

    private boolean take(ByteBuf body) {
        switch (decoder.type()) {
            case Frame.HELLO -> hello(body);
            case Frame.PING -> {
                if (!decoder.has(Frame.ANSWER)) {
                    write(Frame.PING, Frame.ANSWER, decoder.id(), 0, 0);
                }
            }
            case Frame.DATA -> data(body);
            case Frame.CREDIT -> credit();
            default -> {
                return received(body);
            }
        }
        return true;
    }

    // ---- streams

    private void data(ByteBuf body) {
        int length = body.readableBytes();
        if (takeMessages == 0 || takeBytes <= 0) {
            violated("DATA for which the connection has no credit");
            return;
        }
        takeMessages--;
        takeBytes -= length;
        LaneStream<?, ?> stream = stream(decoder.id());
        if (stream != null) {
            String wrong = stream.data(body);
            if (wrong != null) {
                violated(wrong);
            }
        } else if (!wasMade(decoder.id())) {
            violated("DATA of call " + decoder.id() + ", which was not made");
        }
        readMessages++;
        readBytes += length;
        if (!ended && (readMessages >= (window.messages() + 1) / 2 || readBytes >= (window.bytes() + 1) / 2)) {
            takeMessages += readMessages;
            takeBytes += readBytes;
            write(Frame.CREDIT, 0, 0, readMessages, readBytes);
            readMessages = 0;
            readBytes = 0;
        }
    }

    private void credit() {
        int messages = decoder.first();
        int bytes = decoder.second();
        if (decoder.id() != 0) {
            LaneStream<?, ?> stream = stream(decoder.id());
            if (stream == null) {
                if (!wasMade(decoder.id())) {
                    violated("CREDIT of call " + decoder.id() + ", which was not made");
                }
            } else if (!stream.credit(messages, bytes)) {
                violated("more CREDIT of call " + decoder.id() + " than can be counted");
            }
            return;
        }
        sendMessages += messages;
        sendBytes += bytes;
        if (sendMessages > Integer.MAX_VALUE || sendBytes > Integer.MAX_VALUE) {
            violated("more CREDIT than can be counted");
            return;
        }
        unblock();
    }

    /** What we take of streams, as HELLO says it. */
    protected final Hello.Window window() {
        return window;
    }

    /** Whether the connection has room for a message of a stream. */
    final boolean maySend() {
        return !ended && sendMessages > 0 && sendBytes > 0 && turnBytes < MOST_STREAMED && channel().isWritable();
    }

    /** A message of a stream was written. */
    final void sent(int bytes) {
        sendMessages--;
        sendBytes -= bytes;
        turnBytes += bytes + Frame.HEADER;
        gather();
    }

    /** A stream has something to write once there is room on the connection. */
    final void waits(LaneStream<?, ?> stream) {
        blocked.add(stream);
    }

    /** A stream that waits for room has ended. */
    final void waitsNoMore(LaneStream<?, ?> stream) {
        blocked.remove(stream);
    }

    /** Streams that had their part of a turn go on. */
    private void goOnWithStreams() {
        goesOn = false;
        unblock();
    }

    private void unblock() {
        // Each once, so that none has all of the room.
        for (int left = blocked.size(); left > 0 && maySend(); left--) {
            LaneStream<?, ?> next = blocked.poll();
            if (next == null) {
                // What the last one wrote left at once, and the room that this made went to the others.
                return;
            }
            next.goOn();
        }
    }

    final int longestOfPeer() {
        return peer().maxMessage();
    }

    private void hello(ByteBuf body) {
        int lowest = decoder.second() & 0xFFFF;
        int highest = decoder.second() >>> 16;
        if (lowest > Frame.VERSION || highest < Frame.VERSION) {
            violated("versions " + lowest + " to " + highest + " are spoken there, and " + Frame.VERSION + " here");
            return;
        }
        if (isServer && peer != null) {
            violated("a client says HELLO once");
            return;
        }
        Hello hello;
        try {
            hello = Hello.read(body);
        } catch (IllegalArgumentException e) {
            violated(Objects.toString(e.getMessage()));
            return;
        }
        boolean first = peer == null;
        peer = hello;
        if (first) {
            sendMessages = hello.window().messages();
            sendBytes = hello.window().bytes();
            lookBy(home.now() + period(), home.now());
        }
        greeted(hello);
    }

    @Override
    public final void channelWritabilityChanged(ChannelHandlerContext of) {
        if (ended) {
            return;
        }
        unblock();
        if (isServer) {
            process();
            readOrWait();
        }
    }

    // ---- the end

    /** The peer has broken the protocol: it is told, where it is a client, and nothing of it is read any more. */
    protected final void violated(String what) {
        if (ended) {
            return;
        }
        violation(what);
        RpcException why = new RpcException(RpcStatus.INTERNAL, "the peer broke the protocol: " + what);
        if (isServer) {
            words(Frame.GOAWAY, 0, lastBegun(), RpcStatus.INTERNAL, what);
            leave(why);
        } else {
            end(why);
        }
    }

    /** Told of what a peer has done wrong, for counts and the log. */
    protected abstract void violation(String what);

    private void broken(Throwable failure) {
        failed(failure);
        end(new RpcException(RpcStatus.INTERNAL, "the connection ended by a failure of ours", false, failure));
    }

    /** Told of what should not have happened, for the log. */
    protected abstract void failed(Throwable failure);

    /** Sends what there is, then closes: what the peer still sends is read and dropped, so that it may read to the end. */
    protected final void leave(RpcException why) {
        if (ended) {
            return;
        }
        ByteBuf last = takeOutput();
        finish(why);
        Linger end = new Linger(home.timers(), channel());
        linger = end;
        end.begin();
        end.end(channel(), channel().writeAndFlush(last), false);
    }

    /** Closes at once. */
    protected final void end(RpcException why) {
        if (!ended) {
            finish(why);
            channel().close();
        }
    }

    private void finish(RpcException why) {
        ended = true;
        blocked.clear();
        if (timer != null) {
            timer.cancel();
        }
        if (output != null) {
            output.release();
            output = null;
        }
        if (!processing) {
            input.release();
        }
        try {
            lost(why);
        } catch (RuntimeException | Error failure) {
            // The channel is to be closed all the same.
            failed(failure);
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext of) {
        if (linger != null) {
            linger.cancel();
        }
        if (!ended) {
            finish(new RpcException(RpcStatus.UNAVAILABLE, "the connection was lost"));
        }
    }

    @Override
    public final void handlerRemoved(ChannelHandlerContext of) {
        // A channel that was never active tells of its end in this way alone.
        if (!ended) {
            finish(new RpcException(RpcStatus.UNAVAILABLE, "the connection was lost"));
        }
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext of, Throwable failure) {
        if (failure instanceof IOException) {
            end(new RpcException(RpcStatus.UNAVAILABLE, "the connection was lost: " + failure.getMessage()));
        } else {
            broken(failure);
        }
    }

    private void lookBy(long due, long now) {
        Objects.requireNonNull(timer).by(due, now);
    }

    private long period() {
        return Math.max(1, limits.silenceTimeout().toNanos() / 3);
    }

    private void tick() {
        if (ended) {
            return;
        }
        long now = home.now();
        if (peer == null) {
            long due = openedAt + limits.greetingTimeout().toNanos();
            if (now >= due) {
                end(new RpcException(RpcStatus.UNAVAILABLE, "no HELLO within " + limits.greetingTimeout(), true, null));
            } else {
                lookBy(due, now);
            }
            return;
        }
        watch.observe(channel(), now, 0, 0);
        if (watch.isSending() && now - watch.takenAt() >= limits.silenceTimeout().toNanos()) {
            end(new RpcException(RpcStatus.UNAVAILABLE, "the peer has read nothing for " + limits.silenceTimeout()));
            return;
        }
        if (held || !mayGoOn() || !isAwaited() && input.isEmpty()) {
            // Where we do not read, its silence says nothing; whether it takes anything is watched above.
            owedSince = now;
        } else if (isSilent(now)) {
            return;
        }
        look(now);
        if (!ended) {
            lookBy(now + period(), now);
        }
    }

    private boolean isSilent(long now) {
        long silent = now - Math.max(lastRead, owedSince);
        if (silent >= limits.silenceTimeout().toNanos()) {
            end(new RpcException(RpcStatus.UNAVAILABLE, "the peer was silent for " + limits.silenceTimeout()
                    + ", and did not answer whether it is there"));
            return true;
        }
        if (silent >= period() && !asked) {
            asked = true;
            write(Frame.PING, 0, ++pings, 0, 0);
        }
        return false;
    }
}
