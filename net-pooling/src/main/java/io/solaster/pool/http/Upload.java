package io.solaster.pool.http;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/** The body of a request on its way out, after its head. On its shard. */
final class Upload {
    private static final long CONTINUE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Channel channel;
    private final ClientRequest request;
    private final Consumer<? super Throwable> whenFailed;
    /** Until the server has asked for the body. */
    private @Nullable Timer patience;
    private boolean begun;
    private boolean over;

    /** @param whenFailed told where the source fails, or does not say what it has promised */
    Upload(Channel channel, ClientRequest request, Consumer<? super Throwable> whenFailed) {
        this.channel = channel;
        this.request = request;
        this.whenFailed = whenFailed;
    }

    /** The head was written: begins now, or once the server has asked for it, or has said nothing for a second. */
    void start(Shard shard) {
        if (request.expectsContinue()) {
            channel.flush();
            patience = shard.timers().timer(this::proceed);
            patience.arm(CONTINUE_NANOS);
        } else {
            proceed();
        }
    }

    /** The server asks for it. */
    void proceed() {
        if (begun || over) {
            return;
        }
        begun = true;
        stopWaiting();
        BodySource source = request.source();
        if (source == null) {
            over = true;
            channel.writeAndFlush(new DefaultLastHttpContent(Unpooled.wrappedBuffer(request.bytes())));
        } else {
            sendPieces(source, 0);
        }
    }

    /** One piece after the other, each once the one before is with the kernel: so a slow server slows its source. */
    private void sendPieces(BodySource source, long sent) {
        source.next().whenComplete((piece, failure) -> {
            if (over) {
                return;
            }
            if (failure != null) {
                whenFailed.accept(failure);
            } else if (piece == null) {
                if (request.length() >= 0 && sent != request.length()) {
                    whenFailed.accept(new IOException("the body of " + request + " has " + sent + " bytes, and "
                            + request.length() + " were announced"));
                    return;
                }
                over = true;
                channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
            } else if (request.length() >= 0 && piece.length > request.length() - sent) {
                whenFailed.accept(new IOException("the body of " + request + " has more than the " + request.length()
                        + " bytes that were announced"));
            } else if (piece.length == 0) {
                sendPieces(source, sent);
            } else {
                channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(piece))).addListener(written -> {
                    if (written.isSuccess() && !over) {
                        sendPieces(source, sent + piece.length);
                    }
                });
            }
        });
    }

    /** Whether there is more to write. */
    boolean isUnderWay() {
        return !over;
    }

    /** Whether it cannot begin anew, since some of it has been asked of its source. */
    boolean isSpent() {
        return begun && request.source() != null;
    }

    /** Nothing further goes out. A source that was not asked for anything is left to another try. */
    void stop() {
        boolean wasUnderWay = begun && !over;
        over = true;
        stopWaiting();
        BodySource source = request.source();
        if (wasUnderWay && source != null) {
            source.stop();
        }
    }

    private void stopWaiting() {
        if (patience != null) {
            patience.cancel();
            patience = null;
        }
    }
}
