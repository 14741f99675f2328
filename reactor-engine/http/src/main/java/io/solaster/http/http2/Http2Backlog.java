package io.solaster.http.http2;

import java.util.ArrayDeque;

import io.netty.channel.ChannelPromise;
import io.solaster.http.exchange.HttpShard;

/**
 * What waits for one client of HTTP/2 over all its streams: bytes of responses that it has not allowed to be sent, or has not
 * read; streams that have room again, and may be told; and requests that are not begun until there is less. On the owning
 * shard.
 */
final class Http2Backlog {
    /** No request is begun while more than such a part of what may wait does. */
    private static final int PART = 8;
    /** What is written in small pieces is sent when it is so much. */
    private static final int UNSENT = 64 << 10;

    private final HttpShard shard;
    private final Http2Session session;
    private final ArrayDeque<Http2Carrier> writable = new ArrayDeque<>(0);
    private final ArrayDeque<Http2Carrier> held = new ArrayDeque<>(0);
    private long waiting;
    /** Bytes that were written since the last flush and do not count as waiting. */
    private int unsent;

    Http2Backlog(HttpShard shard, Http2Session session) {
        this.shard = shard;
        this.session = session;
    }

    /** Counts bytes of a response until they have left. */
    void add(int bytes, ChannelPromise promise) {
        waiting += bytes;
        promise.addListener(done -> {
            waiting -= bytes;
            if (!held.isEmpty() && hasRoom()) {
                session.flushLater();
            }
        });
    }

    /** Counts a few bytes, for which there was room. */
    void addSmall(int bytes) {
        unsent += bytes;
    }

    /** All that was written and may leave has left. */
    void flushed() {
        unsent = 0;
    }

    /** Whether it is time to flush, although more will be written. */
    boolean isEnough() {
        return unsent > UNSENT || overflows();
    }

    /** Whether more waits than may. */
    boolean overflows() {
        return waiting > shard.outputLimit();
    }

    long waiting() {
        return waiting;
    }

    private boolean hasRoom() {
        return waiting <= shard.outputLimit() / PART && session.context().channel().isWritable();
    }

    /** Whether another request may be begun; what was written is sent, if that helps. */
    boolean mayBegin() {
        if (isHeld()) {
            return false;
        }
        if (hasRoom()) {
            return true;
        }
        session.flush(session.context());
        return hasRoom();
    }

    /** Has a request wait until there is room for its response. */
    void hold(Http2Carrier carrier) {
        carrier.held(true);
        held.add(carrier);
    }

    /** Whether a request waits. */
    boolean isHeld() {
        return !held.isEmpty();
    }

    /** Its stream has ended before it was begun. */
    void forget(Http2Carrier carrier) {
        held.remove(carrier);
    }

    /** There may be room again: begins so many of the requests that wait at most, and has the others begun later. */
    void beginHeld(int most) {
        for (int left = most; left > 0 && !held.isEmpty(); left--) {
            if (!hasRoom()) {
                session.flush(session.context());
                if (!hasRoom()) {
                    return;
                }
            }
            Http2Carrier next = held.remove();
            next.held(false);
            session.handle(next);
        }
        if (!held.isEmpty()) {
            session.flushLater();
        }
    }

    /** A stream has room for more of its response. */
    void hasRoomAgain(Http2Carrier carrier) {
        writable.add(carrier);
    }

    /** Tells streams that they have room. */
    void tellWritable() {
        // Those that have room again before this is over have their turn later.
        for (int left = writable.size(); left > 0; left--) {
            writable.remove().roomAgain();
        }
    }
}
