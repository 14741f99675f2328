package io.solaster.pool.frame;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.RequestConnection;
import org.jspecify.annotations.Nullable;

/** A connection that carries frames, many requests at a time. On the shard that owns it. */
public final class FramedConnection extends RequestConnection {
    private static final int SEND_AT = 64 * 1024;

    private final FramedProtocol protocol;
    /** In the order in which they were sent, where answers come so. */
    private final ArrayDeque<Attempt<byte[]>> inOrder = new ArrayDeque<>();
    /** By what their answers say, where they come in any order. */
    private final Map<Long, Attempt<byte[]>> byId = new HashMap<>();
    /** Of requests that went out again on this connection: answers that come beside the one that is kept above. */
    private final Map<Long, Integer> repeated = new HashMap<>();
    private final Runnable flush = this::flush;
    private @Nullable ByteBuf out;
    private boolean flushing;
    private boolean reading;
    private int givenUp;

    FramedConnection(Shard shard, Channel channel, Endpoint endpoint, FramedProtocol protocol) {
        super(shard, channel, endpoint.address());
        this.protocol = protocol;
        int bytes = protocol.lengthBytes();
        int limit = protocol.maxFrame() + bytes;
        channel.pipeline().addLast("frames", new LengthFieldBasedFrameDecoder(limit, 0, bytes,
                protocol.lengthIncluded() ? -bytes : 0, bytes, true));
        channel.pipeline().addLast("framed", new Answering());
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    protected boolean isQuiet() {
        return inOrder.isEmpty() && byId.isEmpty();
    }

    void send(byte[] frame, long id, Attempt<byte[]> attempt) {
        if (!isOpen()) {
            attempt.fail(closed(), now());
            return;
        }
        if (protocol.id() == null) {
            sending();
            inOrder.add(attempt);
        } else {
            Attempt<byte[]> before = byId.get(id);
            boolean again = before != null && before.isOver() && before.request().equals(attempt.request());
            if (!again && (before != null || repeated.containsKey(id))) {
                attempt.fail(PoolException.refused("a request with id " + id + " is under way on the connection to "
                        + address() + " already, or an answer to one that was given up there is still to come", null,
                        true), now());
                return;
            }
            if (again) {
                // Whichever answer comes first is one to this request.
                repeated.merge(id, 1, Integer::sum);
            }
            sending();
            byId.put(id, attempt);
        }
        ByteBuf to = out;
        if (to == null) {
            to = channel().alloc().ioBuffer(frame.length + 8);
            out = to;
        }
        writeLength(to, frame.length + (protocol.lengthIncluded() ? protocol.lengthBytes() : 0));
        to.writeBytes(frame);
        if (to.readableBytes() >= SEND_AT) {
            flush();
        } else if (!reading && !flushing) {
            flushing = true;
            shard.execute(flush);
        }
    }

    private void writeLength(ByteBuf to, int length) {
        switch (protocol.lengthBytes()) {
            case 1 -> to.writeByte(length);
            case 2 -> to.writeShort(length);
            case 3 -> to.writeMedium(length);
            case 4 -> to.writeInt(length);
            default -> to.writeLong(length);
        }
    }

    private void flush() {
        flushing = false;
        ByteBuf all = out;
        if (all != null) {
            out = null;
            channel().writeAndFlush(all, channel().voidPromise());
        }
    }

    /** An answer that is awaited will be left alone. */
    void gaveUp() {
        if (++givenUp >= protocol.maxRequests()) {
            closeNow();
        }
    }

    private void received(ByteBuf frame, long now) {
        ToLongFunction<ByteBuf> idOf = protocol.id();
        long id = idOf == null ? 0 : idOf.applyAsLong(frame);
        Attempt<byte[]> attempt = idOf == null ? inOrder.poll() : byId.remove(id);
        served();
        if (attempt == null) {
            if (repeated.containsKey(id)) {
                repeated.computeIfPresent(id, (same, left) -> left == 1 ? null : left - 1);
                givenUp--;
                return;
            }
            throw new IllegalStateException("an answer came that nobody asked for, of " + frame.readableBytes()
                    + " bytes");
        }
        if (attempt.isOver()) {
            givenUp--;
            return;
        }
        byte[] bytes = new byte[frame.readableBytes()];
        frame.readBytes(bytes);
        attempt.succeed(bytes, now);
    }

    private void ended(@Nullable Throwable cause) {
        if (!isOpen()) {
            return;
        }
        gone();
        if (out != null) {
            out.release();
            out = null;
        }
        PoolException failure = lost("was lost" + (cause == null ? "" : ": " + cause.getMessage()), cause);
        long now = now();
        Attempt<byte[]> next;
        while ((next = inOrder.poll()) != null) {
            next.fail(failure, now);
        }
        List<Attempt<byte[]>> others = new ArrayList<>(byId.values());
        byId.clear();
        others.forEach(each -> each.fail(failure, now));
    }

    private final class Answering extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf frame = (ByteBuf) message;
            heard();
            reading = true;
            try {
                if (isOpen()) {
                    received(frame, now());
                }
            } finally {
                frame.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            reading = false;
            flush();
            closeIfDrained();
            context.fireChannelReadComplete();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            ended(null);
            context.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ended(cause);
            context.close();
        }
    }
}
