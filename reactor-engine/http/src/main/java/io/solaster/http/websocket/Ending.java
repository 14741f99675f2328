package io.solaster.http.websocket;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Linger;
import io.solaster.engine.timer.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a connection ends: by our Close frame or the client's, by a fault, or by silence, which this looks after too.
 * Whatever ends the conversation, {@link #finish} is called once. On the owning shard; {@link #isOpen} on any thread.
 */
final class Ending {
    private static final Logger log = LoggerFactory.getLogger(WebSocketConnection.class);

    private enum State {
        /** Both sides may send. */
        OPEN,
        /** We have ended the conversation; the client has not answered. */
        CLOSING,
        /** It is over; what the client sends is dropped until it closes. */
        OVER
    }

    private final WebSocketConnection socket;
    private final WebSocketShard part;
    private final WebSocketConfig config;
    private State state = State.OPEN;
    private boolean finished;
    private int closeCode;
    private String closeReason = "";
    private final Timer timer;
    private final long tick;
    private boolean heard;
    private long silent;
    private long sincePing;

    Ending(WebSocketConnection socket) {
        this.socket = socket;
        this.part = socket.part;
        this.config = socket.config;
        this.timer = socket.shard.timers().coarseTimer(this::ticked);
        this.tick = tick(config);
    }

    /** How often to look whether the client is silent; 0 for never. */
    private static long tick(WebSocketConfig config) {
        long ping = config.pingInterval().toNanos() / 2;
        long idle = config.idleTimeout().toNanos() / 4;
        long least = ping == 0 ? idle : idle == 0 ? ping : Math.min(ping, idle);
        return least == 0 ? 0 : Math.max(least, TimeUnit.MILLISECONDS.toNanos(1));
    }

    /** Looks after silence from now on. */
    void watch() {
        if (tick > 0) {
            timer.arm(tick);
        }
    }

    /** The client has sent something. */
    void heard() {
        heard = true;
    }

    boolean isOpen() {
        return state == State.OPEN;
    }

    boolean isOver() {
        return state == State.OVER;
    }

    boolean isFinished() {
        return finished;
    }

    /** The connection is gone. */
    void disconnected() {
        if (state == State.CLOSING) {
            finish(closeCode, closeReason);
        } else {
            finish(CloseCode.ABNORMAL, "");
        }
        state = State.OVER;
        timer.cancel();
    }

    /** The client reads too slowly. Not at once, since somebody may be about to go through all connections. */
    void tooSlow() {
        if (isOpen()) {
            state = State.CLOSING;
            closeCode = CloseCode.POLICY;
            closeReason = "too slow to read";
            socket.out.dropQueue();
            socket.shard.execute(() -> {
                log.debug("{} is closed: it does not read, and over {} wait for it", socket, config.queue().size());
                if (!finished) {
                    fail(CloseCode.POLICY, closeReason);
                }
            });
        }
    }

    /** Says that we end it, behind all that was sent; the client is to answer. */
    void end(int code, String reason) {
        if (!isOpen()) {
            return;
        }
        state = State.CLOSING;
        closeCode = code;
        closeReason = reason;
        socket.out.dropBehind();
        socket.out.add(Frames.close(part.allocator(), code, reason), true);
        timer.arm(config.closeTimeout());
        socket.in.readAnswer();
    }

    void closeReceived(ByteBuf in, int from, int length) {
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
            lastWord(socket.out.isQueueEmpty()
                    ? Unpooled.EMPTY_BUFFER
                    : Frames.close(part.allocator(), closeCode, closeReason));
        } else {
            finish(code, reason);
            lastWord(Frames.close(part.allocator(), code, ""));
        }
    }

    /** Ends it over something that cannot be put right: what is still to come is not looked at. */
    void fail(int code, String reason) {
        if (isOver()) {
            return;
        }
        log.debug("{} is closed: {} {}", socket, code, reason);
        boolean wasOpen = isOpen();
        state = State.OVER;
        ByteBuf last = Frames.close(part.allocator(), code, reason);
        finish(code, reason);
        timer.arm(config.closeTimeout());
        if (wasOpen) {
            socket.out.sendWaiting();
        }
        socket.out.sendLast(last);
        // To close with bytes unread would reset the connection, and the client would not learn why.
        Linger.endOutput(socket.context().channel(), socket.context().writeAndFlush(Unpooled.EMPTY_BUFFER));
        socket.in.readToTheEnd();
    }

    /** Both sides have said that it is over: the last frame, and then it is the server that closes. */
    private void lastWord(ByteBuf frame) {
        timer.arm(config.closeTimeout());
        socket.out.sendLast(frame);
        socket.context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    /** The conversation is over: told once. */
    void finish(int code, String reason) {
        if (finished) {
            return;
        }
        finished = true;
        socket.leaveAll();
        part.stats().close(code);
        socket.out.over();
        try {
            socket.listener.closed(socket, code, reason);
        } catch (Throwable failure) {
            log.error("{}: {} failed in closed()", socket, socket.listener.getClass().getName(), failure);
        }
    }

    /** Looks after silence, while it is open; then after those who do not answer. */
    private void ticked() {
        if (!isOpen()) {
            if (state == State.CLOSING) {
                finish(closeCode, closeReason);
            }
            state = State.OVER;
            socket.context().close();
            return;
        }
        // Who is not read from cannot be heard; one that is to read what waits for it has to do so, however slowly.
        boolean wrote = socket.out.hasWritten();
        boolean heldUp = socket.in.isHeldUp() || socket.in.isHeldByQueue() && wrote;
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
            socket.out.control(FrameDecoder.PING, Unpooled.EMPTY_BUFFER);
        }
    }
}
