package io.solaster.http.http2;

import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import io.solaster.engine.net.ConnectionTimer;
import io.solaster.engine.net.Linger;
import io.solaster.engine.net.SocketWatch;
import io.solaster.http.HttpStats.Timeout;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;
import io.solaster.http.wire.ReadRate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * By when something has to happen on a session, and what becomes of it where that does not; of its streams,
 * {@link StreamDeadlines} knows. On the owning shard.
 */
final class Http2Deadlines {
    private static final Logger log = LoggerFactory.getLogger(Http2Session.class);
    private static final long NONE = -1;

    private final Http2Session session;
    private final HttpShard shard;
    private final Http2Turns turns;
    private final Batch batch;
    private final ConnectionTimer timer;
    private final Linger linger;
    private final SocketWatch socket = new SocketWatch();
    /** When a stream was last closed, by the timers. */
    private long activeAt;
    /** How the client takes what waits for it, over all streams, of which so much was handed to the socket. */
    private final ReadRate reading = new ReadRate();
    private long handedOver;
    /** Since when a frame has been coming; {@link #NONE} if none is. And how many had come whole when that was last seen to. */
    private long frameSince;
    private long framesBefore;

    Http2Deadlines(Http2Session session, HttpShard shard, Http2Turns turns, Batch batch) {
        this.session = session;
        this.shard = shard;
        this.turns = turns;
        this.batch = batch;
        this.timer = new ConnectionTimer(shard.timers(), this::expired);
        this.linger = new Linger(shard.timers(), timer);
    }

    /** The polite end, which has the same timer. */
    Linger linger() {
        return linger;
    }

    /** The session begins. */
    void begin() {
        long now = session.now();
        activeAt = now;
        frameSince = now;
    }

    void cancel() {
        timer.cancel();
    }

    /** A stream was closed. */
    void active() {
        activeAt = session.now();
    }

    /** The socket is given so many bytes. */
    void handedOver(int bytes) {
        handedOver += bytes;
    }

    /** By when the client has to take some of what waits on any stream. */
    long readDeadline() {
        return reading.deadline();
    }

    /** Looks whether the client reads. */
    void observeSocket() {
        Channel channel = session.context().channel();
        long now = session.now();
        socket.observe(channel, now, 0, 0);
        reading.observe(channel, now, shard.limits(), handedOver, 0, session.backlog().waiting() > 0);
    }

    /** Sees whether a frame, or a head of several, has begun to come and is not there yet; what waits for its turn is not the client's fault. */
    void observeFrames() {
        long frames = turns.whole();
        if (session.isWaiting()) {
            framesBefore = frames;
            frameSince = NONE;
        } else if (frames != framesBefore) {
            framesBefore = frames;
            frameSince = session.unreadBytes() > 0 || turns.isInHead() ? session.now() : NONE;
        } else if (frameSince == NONE) {
            frameSince = batch.heardAt();
        }
    }

    /** Sees to it that whatever takes too long from here on is noticed. */
    void watch() {
        if (!linger.hasBegun()) {
            HttpLimits limits = shard.limits();
            long soonest = Math.min(Math.min(limits.headNanos(), limits.bodyNanos()),
                    Math.min(limits.requestNanos(), limits.idleNanos()));
            long now = session.now();
            timer.by(now + soonest, now);
        }
    }

    private void expired() {
        Channel channel = session.context().channel();
        if (!channel.isActive()) {
            return;
        }
        if (linger.hasBegun()) {
            linger.expired(channel);
            return;
        }
        long now = session.now();
        HttpLimits limits = shard.limits();
        observeSocket();
        if (socket.isSending() && now - socket.takenAt() >= limits.bodyNanos()) {
            log.debug("{} has not read for {} ms: it is closed", channel,
                    TimeUnit.NANOSECONDS.toMillis(now - socket.takenAt()));
            shard.stats().timedOut(Timeout.UNREAD);
            linger.beginWithoutWaiting();
            channel.close();
            return;
        }
        if (frameSince != NONE && now - frameSince >= limits.headNanos()) {
            shard.stats().timedOut(Timeout.HEADER);
            session.ending().end(Http2Error.ENHANCE_YOUR_CALM, "a frame took too long");
            return;
        }
        if (isIdle() && now - activeAt >= limits.idleNanos()) {
            session.ending().end(Http2Error.NO_ERROR, "");
            return;
        }
        batch.begin();
        session.eachCarrier(carrier -> StreamDeadlines.expired(carrier, now, limits));
        batch.close();
        session.flush(session.context());
        if (!session.ending().isOver()) {
            timer.by(nextDeadline(limits), now);
        }
    }

    private boolean isIdle() {
        return session.connection().numActiveStreams() == 0;
    }

    private long nextDeadline(HttpLimits limits) {
        long[] next = {HttpLimits.NEVER};
        if (isIdle()) {
            next[0] = activeAt + limits.idleNanos();
        }
        if (frameSince != NONE) {
            next[0] = Math.min(next[0], frameSince + limits.headNanos());
        }
        if (socket.isSending()) {
            next[0] = Math.min(next[0], socket.takenAt() + limits.bodyNanos());
        }
        session.eachCarrier(carrier -> next[0] = Math.min(next[0], StreamDeadlines.deadline(carrier, limits)));
        return next[0];
    }
}
