package io.solaster.http.http2;

import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.solaster.http.HttpStats;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the small frames of a batch, which Netty's codec writes one by one and in pieces, so that the socket gets them as
 * one. Stands between an {@link Http2Session} and the socket; on the owning shard.
 */
public final class Http2Output extends ChannelOutboundHandlerAdapter {
    public static final String NAME = "http2-output";
    /** What is longer is sent as it is. */
    private static final int SMALL = 4 << 10;
    private static final int ENOUGH = 32 << 10;
    private static final int FIRST_GUESS = 512;

    private final HttpStats stats;
    private @Nullable ByteBuf batch;
    /** Of what is in the batch. */
    private List<ChannelPromise> promises = new ArrayList<>();
    /** The last one, which is empty and can be used again. */
    private @Nullable List<ChannelPromise> spare;

    public Http2Output(HttpStats stats) {
        this.stats = stats;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
        if (!(message instanceof ByteBuf bytes)) {
            send(context);
            super.write(context, message, promise);
            return;
        }
        int length = bytes.readableBytes();
        stats.bytesOut.add(length);
        if (length > SMALL) {
            send(context);
            context.write(bytes, promise);
            return;
        }
        ByteBuf into = batch;
        if (into == null) {
            into = context.alloc().directBuffer(FIRST_GUESS);
            batch = into;
        }
        into.writeBytes(bytes);
        bytes.release();
        if (!promise.isVoid()) {
            promises.add(promise);
        }
        if (into.readableBytes() > ENOUGH) {
            send(context);
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        send(context);
        context.flush();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        send(context);
        context.close(promise);
    }

    private void send(ChannelHandlerContext context) {
        ByteBuf bytes = batch;
        if (bytes == null) {
            return;
        }
        batch = null;
        List<ChannelPromise> told = promises;
        if (told.isEmpty()) {
            context.write(bytes, context.voidPromise());
            return;
        }
        List<ChannelPromise> next = spare;
        spare = null;
        promises = next == null ? new ArrayList<>() : next;
        context.write(bytes).addListener((ChannelFutureListener) sent -> tell(told, sent));
    }

    private void tell(List<ChannelPromise> told, ChannelFuture sent) {
        Throwable cause = sent.cause();
        for (int i = 0; i < told.size(); i++) {
            ChannelPromise each = told.get(i);
            if (cause == null) {
                each.trySuccess();
            } else {
                each.tryFailure(cause);
            }
        }
        told.clear();
        spare = told;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        ByteBuf bytes = batch;
        batch = null;
        if (bytes != null) {
            bytes.release();
        }
        List<ChannelPromise> told = promises;
        promises = new ArrayList<>(0);
        ClosedChannelException closed = told.isEmpty() ? null : new ClosedChannelException();
        for (ChannelPromise each : told) {
            each.tryFailure(closed);
        }
    }
}
