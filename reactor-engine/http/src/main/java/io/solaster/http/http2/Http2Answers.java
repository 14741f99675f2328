package io.solaster.http.http2;

import java.util.concurrent.TimeUnit;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DecoratingHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LifecycleManager;
import io.netty.handler.codec.http2.Http2Settings;
import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that no client has us answer without end: pings and settings whose answers it does not read, and streams that
 * have to be reset. Netty has the same, and a stack trace for each client. On the owning shard.
 */
final class Http2Answers extends DecoratingHttp2ConnectionEncoder {
    /** Answers that a client leaves unread. */
    private static final int MOST_UNREAD = 1000;
    /** A browser that leaves a page cancels all that it has asked for; who does so again and again wants something else. */
    static final int RESETS_SECONDS = 30;

    /** What HTTP/2 has it be at first, in bytes. */
    private static final int HEADER_TABLE = Http2CodecUtil.DEFAULT_HEADER_TABLE_SIZE;

    /** What a client leaves unread that only asks to be answered. */
    static final String UNREAD_ANSWERS = "answers to pings and settings, and resets, wait";

    private final int mostResets;
    private final StreamIds reset;
    private final TimeSource clock;
    private int unread;
    private final ChannelFutureListener read = sent -> {
        unread--;
    };
    private @Nullable Http2LifecycleManager session;
    private int resets;
    private long resetsSince;
    private boolean over;

    /**
     * @param mostResets streams that are reset for what the client has done, within {@link #RESETS_SECONDS}
     * @param reset is told which streams we reset
     */
    Http2Answers(Http2ConnectionEncoder encoder, int mostResets, StreamIds reset, TimeSource clock) {
        super(encoder);
        this.mostResets = mostResets;
        this.reset = reset;
        this.clock = clock;
    }

    @Override
    public void lifecycleManager(Http2LifecycleManager manager) {
        session = manager;
        super.lifecycleManager(manager);
    }

    /** A client may ask for a smaller table of headers than ours, and for no larger one: the table is kept for each client. */
    @Override
    public void remoteSettings(Http2Settings settings) throws Http2Exception {
        Long table = settings.headerTableSize();
        if (table != null && table > HEADER_TABLE) {
            settings.headerTableSize(HEADER_TABLE);
        }
        super.remoteSettings(settings);
    }

    @Override
    public ChannelFuture writeSettingsAck(ChannelHandlerContext context, ChannelPromise promise) {
        return super.writeSettingsAck(context, counted(context, promise));
    }

    @Override
    public ChannelFuture writePing(ChannelHandlerContext context, boolean ack, long data, ChannelPromise promise) {
        return super.writePing(context, ack, data, ack ? counted(context, promise) : promise);
    }

    @Override
    public ChannelFuture writeRstStream(ChannelHandlerContext context, int stream, long error,
            ChannelPromise promise) {
        reset.add(stream);
        ChannelFuture written = super.writeRstStream(context, stream, error, counted(context, promise));
        if (mostResets > 0 && error != Http2Error.CANCEL.code() && error != Http2Error.NO_ERROR.code()) {
            long now = clock.nanoTime();
            if (resets == 0 || now - resetsSince >= TimeUnit.SECONDS.toNanos(RESETS_SECONDS)) {
                resetsSince = now;
                resets = 0;
            }
            if (++resets > mostResets) {
                end(context, "more than " + mostResets + " streams had to be reset within " + RESETS_SECONDS + " s");
            }
        }
        return written;
    }

    private ChannelPromise counted(ChannelHandlerContext context, ChannelPromise promise) {
        if (unread >= MOST_UNREAD && !over) {
            // Perhaps they were only not sent yet.
            context.flush();
            if (unread >= MOST_UNREAD) {
                end(context, UNREAD_ANSWERS);
            }
        }
        unread++;
        return promise.unvoid().addListener(read);
    }

    private void end(ChannelHandlerContext context, String why) {
        Http2LifecycleManager manager = session;
        if (!over && manager != null) {
            over = true;
            manager.onError(context, true, Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "%s", why));
            if (UNREAD_ANSWERS.equals(why)) {
                // Who reads nothing does not read the reason either.
                context.close();
            }
        }
    }
}
