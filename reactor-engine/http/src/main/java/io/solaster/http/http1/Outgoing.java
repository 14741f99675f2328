package io.solaster.http.http1;

import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.solaster.engine.net.SocketWatch;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;
import io.solaster.http.wire.ReadRate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a connection sends: gathered in one buffer until the end of the batch, then handed to the socket, of which it sees
 * whether the client reads. On the owning shard.
 */
final class Outgoing {
    private static final Logger log = LoggerFactory.getLogger(Outgoing.class);
    /** What is written beyond this is handed to the socket before more is. */
    private static final int ENOUGH_TO_SEND = 32 << 10;

    private final HttpShard shard;
    private final ChannelHandlerContext context;
    private @Nullable ByteBuf gathered;
    /** Something was handed to the socket and not flushed. */
    private boolean unflushed;
    private final SocketWatch socket = new SocketWatch();
    /** Made for a client that does not take all at once. */
    private @Nullable ReadRate rate;
    /** The kernel is sending a part of a file; and how many it has sent. */
    private boolean sendsFile;
    private long fileParts;
    /** Bytes that the socket was given so far. */
    private long handedOver;

    Outgoing(HttpShard shard, ChannelHandlerContext context) {
        this.shard = shard;
        this.context = context;
    }

    private Channel channel() {
        return context.channel();
    }

    /** Where more is written. */
    ByteBuf buffer() {
        ByteBuf into = gathered;
        if (into == null) {
            into = shard.takeReplies();
            gathered = into;
        }
        return into;
    }

    /** Whether all there is to send is in {@link #buffer}, where it may wait. */
    boolean isGathered() {
        ByteBuf written = gathered;
        return written != null && !unflushed && written.isReadable();
    }

    /** Whether it is time to {@link #flush}, although more will be written. */
    boolean isEnough() {
        ByteBuf written = gathered;
        return written != null && written.readableBytes() > ENOUGH_TO_SEND;
    }

    /** Whether the client has left so much unread that it gets no more for now. */
    boolean isBlocked() {
        // What has nothing to send has room, which is the usual case and cheaper to see.
        return (unflushed || socket.isSending()) && !channel().isWritable();
    }

    /** Sends these bytes behind what was written, as they are. */
    void write(ByteBuf bytes) {
        handOver();
        handedOver += bytes.readableBytes();
        shard.stats().bytesOut.add(bytes.readableBytes());
        context.write(bytes, context.voidPromise());
        unflushed = true;
    }

    /** Has the kernel send a part of a file behind what was written; one at a time. */
    void write(FileRegion part, ChannelFutureListener listener) {
        handOver();
        unflushed = false;
        sendsFile = true;
        context.writeAndFlush(part).addListener(sent -> {
            sendsFile = false;
            fileParts++;
        }).addListener(listener);
        observe();
    }

    /** Tells them once all that was written up to here is sent, or why it was not. */
    void whenSent(Listening listening) {
        handOver();
        ChannelPromise sent = context.newPromise();
        sent.addListener(done -> listening.tell(done.cause()));
        context.write(Unpooled.EMPTY_BUFFER, sent);
        unflushed = true;
    }

    /** Hands what was written to the socket, which does not send it yet. */
    private void handOver() {
        ByteBuf written = taken();
        if (written != null) {
            context.write(written, context.voidPromise());
            unflushed = true;
        }
    }

    /** What was written, if it is anything. */
    private @Nullable ByteBuf taken() {
        ByteBuf written = gathered;
        if (written == null) {
            return null;
        }
        gathered = null;
        int size = written.readableBytes();
        if (size == 0) {
            written.release();
            return null;
        }
        handedOver += size;
        shard.stats().bytesOut.add(size);
        return written;
    }

    /** Sends what was written; whether the client has left more unread than it may. */
    boolean flush() {
        ByteBuf written = taken();
        if (written != null) {
            context.writeAndFlush(written, context.voidPromise());
        } else if (unflushed) {
            context.flush();
        } else {
            return false;
        }
        unflushed = false;
        observe();
        return overflows();
    }

    /** Sends what was written, the last. */
    ChannelFuture flushLast() {
        ByteBuf written = taken();
        unflushed = false;
        return context.writeAndFlush(written == null ? Unpooled.EMPTY_BUFFER : written);
    }

    private boolean overflows() {
        if (!socket.isSending()) {
            return false;
        }
        long unsent = SocketWatch.unsent(channel());
        if (unsent <= shard.outputLimit()) {
            return false;
        }
        shard.slowReaders().overflow(shard.stats().outputOverflows, channel(), unsent,
                shard.config().limits().outputBuffer(), "it is closed");
        return true;
    }

    /** Looks whether the client reads. */
    void observe() {
        // A part of a file counts for nothing among Netty's pending bytes.
        long now = shard.timers().now();
        socket.observe(channel(), now, sendsFile ? 1 : 0, fileParts);
        if (socket.isSending() || rate != null) {
            ReadRate known = rate;
            if (known == null) {
                known = new ReadRate();
                rate = known;
            }
            known.observe(channel(), now, shard.limits(), handedOver, fileParts, socket.isSending());
        }
    }

    /** Whether the client is expected to read. */
    boolean isSending() {
        return socket.isSending();
    }

    /** By when the client has to read something. */
    long deadline(HttpLimits limits) {
        ReadRate known = rate;
        return known == null ? socket.takenAt() + limits.bodyNanos() : known.deadline();
    }

    /** Whether the client has read too little for too long. */
    boolean isUnread(long now) {
        ReadRate known = rate;
        if (!socket.isSending() || known == null || !known.isOver(now)) {
            return false;
        }
        log.debug("{} has read nothing for {} ms, or too little before: it is closed", channel(),
                TimeUnit.NANOSECONDS.toMillis(now - socket.takenAt()));
        return true;
    }

    void release() {
        ByteBuf written = gathered;
        gathered = null;
        if (written != null) {
            written.release();
        }
    }
}
