package io.solaster.store.server;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.net.Tls;
import io.solaster.resp.ReplyWriter;
import org.jspecify.annotations.Nullable;

/** The replies of one client: one write per read batch, a limit on what it leaves unread, and the end. On the shard. */
final class ReplyOutput {
    /** How long a client has to close after our end of the stream, and how long to read the last replies before it. */
    private static final long LINGER_MILLIS = 500;
    private static final long UNREAD_MILLIS = 10_000;
    /** Replies beyond this are sent before more requests are run, rather than kept with those under way. */
    private static final int ENOUGH_TO_SEND = 16 * 1024;
    /** Replies beyond this wait for another turn, however much a client may leave unread. */
    private static final long MAX_TURN_OUTPUT = 64L << 20;

    private final ClientConnection connection;
    private final ServerShard server;
    /** Of this read batch. */
    private @Nullable ByteBuf output;
    private boolean closing;
    private boolean lingering;
    private @Nullable ScheduledFuture<?> closer;

    ReplyOutput(ClientConnection connection, ServerShard server) {
        this.connection = connection;
        this.server = server;
    }

    /** Begins to write, behind what this read batch has already; {@link ReplyWriter#finish} follows. */
    ReplyWriter open() {
        ByteBuf open = output;
        if (open == null) {
            open = server.takeReplies();
            output = open;
        }
        ReplyWriter reply = server.part().call().reply();
        reply.to(open);
        reply.resp3(connection.state().resp3());
        return reply;
    }

    /** Hands this read batch's replies over, which wait for those of other shards. */
    void keepIn(Assembly parts) {
        ByteBuf own = Objects.requireNonNull(output);
        output = null;
        try {
            parts.keep(own);
        } finally {
            own.release();
        }
    }

    /** Whether they had better leave than be kept with more of them. */
    boolean isEnoughToSend() {
        return output != null && output.readableBytes() > ENOUGH_TO_SEND;
    }

    /** Whether nothing more is run: what was answered leaves, and the connection ends. */
    boolean isClosing() {
        return closing;
    }

    void close() {
        closing = true;
    }

    /** Sends what this read batch has. */
    void flush(ChannelHandlerContext context) {
        ByteBuf replies = output;
        output = null;
        if (replies != null && !replies.isReadable()) {
            replies.release();
            replies = null;
        }
        if (replies != null) {
            server.part().stats().bytesOut.add(replies.readableBytes());
            if (!closing) {
                context.writeAndFlush(replies, context.voidPromise());
                checkOutput();
                return;
            }
        }
        if (closing && !lingering && context.channel().isActive()) {
            lingering = true;
            linger(context.channel(), replies == null ? Unpooled.EMPTY_BUFFER : replies);
        } else if (replies != null) {
            replies.release();
        }
    }

    /** Bytes that the client has not read yet. */
    static long unread(Channel channel) {
        ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
        return pending == null ? 0 : pending.totalPendingWriteBytes();
    }

    /** Bytes that the client may leave unread. */
    long limit() {
        return connection.settings().limits().outputBuffer().bytes();
    }

    /** Bytes after which the requests that are left wait for another turn. */
    long turnLimit() {
        return Math.min(limit(), MAX_TURN_OUTPUT);
    }

    private void checkOutput() {
        long waiting = unread(connection.channel());
        if (waiting > limit()) {
            overflow(waiting);
        }
    }

    /** Ends the connection of a client that leaves too much unread. */
    void overflow(long waiting) {
        server.part().stats().outputOverflows.increment();
        connection.logs().unread
                .tell("{} does not read: {} bytes of replies or more wait, over limits.output-buffer ({});"
                        + " it is closed", connection, waiting, connection.settings().limits().outputBuffer());
        closing = true;
        connection.kill();
    }

    /** Sends the last reply and closes. Closing with bytes unread would reset the connection and destroy the reply. */
    private void linger(Channel channel, ByteBuf last) {
        closeAfter(channel, UNREAD_MILLIS);
        Tls.endOutput(channel, channel.writeAndFlush(last)).addListener(sent -> {
            if (sent.isSuccess() && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
                channel.config().setAutoRead(true);
                closeAfter(channel, LINGER_MILLIS);
            } else {
                channel.close();
            }
        });
    }

    private void closeAfter(Channel channel, long millis) {
        if (closer != null) {
            closer.cancel(false);
        }
        closer = channel.eventLoop().schedule(() -> channel.close(), millis, TimeUnit.MILLISECONDS);
    }

    /** The connection has ended. */
    void release() {
        if (closer != null) {
            closer.cancel(false);
        }
        if (output != null) {
            output.release();
            output = null;
        }
    }
}
