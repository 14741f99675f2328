package io.solaster.http.http2;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.solaster.engine.net.Linger;
import io.solaster.http.exchange.HttpShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a session ends: when the server drains, behind the answers to all that the client has sent by then; by an error of
 * the connection; or after a time in which nothing happened. The client is told why. On the owning shard.
 */
final class Http2Ending {
    private static final Logger log = LoggerFactory.getLogger(Http2Session.class);
    /** A client that drains is given this long to answer a ping, after which what it had sent by then has come. */
    private static final long LAST_STREAMS_MILLIS = 200;
    private static final long LAST_PING = 0x50_4152_54_494E_47L;

    private final Http2Session session;
    private final HttpShard shard;
    private final Http2Turns turns;
    private final Linger linger;
    private boolean draining;
    /** The client knows which of its requests is the last that is answered. */
    private boolean saidLast;

    Http2Ending(Http2Session session, HttpShard shard, Http2Turns turns, Linger linger) {
        this.session = session;
        this.shard = shard;
        this.turns = turns;
        this.linger = linger;
    }

    boolean isDraining() {
        return draining;
    }

    /** Whether nothing more is read, nor answered. */
    boolean hasBegun() {
        return linger.hasBegun();
    }

    /** Whether nothing more is read, nor answered, or there is nobody to answer. */
    boolean isOver() {
        return linger.hasBegun() || !channel().isActive();
    }

    /** Whether all that the client was promised an answer to is answered. */
    boolean isDue() {
        return saidLast && session.connection().numActiveStreams() == 0;
    }

    private Channel channel() {
        return session.context().channel();
    }

    /** Takes no more requests, and closes when those under way are answered. */
    void finish() {
        if (draining || hasBegun()) {
            return;
        }
        draining = true;
        // RFC 9113, 6.8: what the client has sent before it hears of this is answered, too.
        goAway(Integer.MAX_VALUE);
        session.encoder().writePing(session.context(), false, LAST_PING, session.newPromise());
        session.flushLater();
        session.context().executor().schedule(this::sayLast, LAST_STREAMS_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** The client has answered a ping. */
    void pingAnswered(long data) {
        if (data == LAST_PING && draining) {
            sayLast();
        }
    }

    private void sayLast() {
        if (saidLast || isOver()) {
            return;
        }
        saidLast = true;
        goAway(session.connection().remote().lastStreamCreated());
        session.flushLater();
    }

    private void goAway(int lastStream) {
        session.goAway(session.context(), lastStream, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER,
                session.newPromise());
    }

    /**
     * The connection cannot go on.
     *
     * @param outbound whether it was found in what is sent
     * @param failure null where it is no matter of HTTP/2
     */
    void failed(boolean outbound, Throwable cause, @Nullable Http2Exception failure) {
        if (isOver()) {
            return;
        }
        if (failure == null) {
            if (cause instanceof IOException) {
                log.debug("{} is gone", channel(), cause);
                session.context().close();
                return;
            }
            log.error("{} is closed", channel(), cause);
            end(Http2Error.INTERNAL_ERROR, "");
            return;
        }
        if (Http2Answers.UNREAD_ANSWERS.equals(failure.getMessage())) {
            shard.slowReaders().cutOff(shard.stats().outputOverflows, channel(), Http2Answers.UNREAD_ANSWERS,
                    "it is closed");
        } else {
            log.debug("{} is closed: {}", channel(), failure.getMessage());
            if (!outbound || failure.error() == Http2Error.ENHANCE_YOUR_CALM) {
                shard.stats().refused(HttpResponseStatus.BAD_REQUEST);
            }
        }
        end(failure.error(), String.valueOf(failure.getMessage()));
    }

    /** Tells the client why, and closes. */
    void end(Http2Error error, String why) {
        turns.end();
        saidLast = true;
        ByteBuf said = ByteBufUtil.writeUtf8(session.context().alloc(), why);
        session.encoder().frameWriter().writeGoAway(session.context(),
                session.connection().remote().lastStreamCreated(), error.code(), said, session.newPromise());
        part();
    }

    /** Sends the last frames and closes, politely: see {@link Linger}. */
    void part() {
        linger.begin();
        session.connection().close(session.context().voidPromise());
        session.flushFrames();
        linger.end(channel(), session.context().writeAndFlush(Unpooled.EMPTY_BUFFER), false);
    }

    /** The connection is closed, or is about to be, and there is nobody to tell. */
    void endWithoutWord() {
        linger.beginWithoutWaiting();
    }
}
