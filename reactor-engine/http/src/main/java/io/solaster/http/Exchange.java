package io.solaster.http;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, in the queue of its connection or on a stream of its own. One that is over before its handler returns serves again
 * for another request; one that outlives it does not, so that whoever holds on to it too long cannot write into the
 * exchange of another client. On the owning shard.
 */
final class Exchange {
    private final HttpShard shard;
    private final Request request;
    private final Body body;
    private final Response response;
    private @Nullable Carrier carrier;
    private @Nullable Room room;

    /** The one behind it on its connection. */
    @Nullable
    Exchange next;
    /** What is to be sent once those before it are over. */
    @Nullable
    ByteBuf held;
    /** When its head had been read, in nanoseconds. */
    long begunAt;
    /** Since when its handler has been keeping the client waiting, in nanoseconds of the shard's timers. */
    long waitsSince;
    /** A listener has been told of it. */
    boolean started;
    /** The connection does not go on after it. */
    boolean closes;
    /** The handler has returned, and this was not over. */
    boolean outlives;

    Exchange(HttpShard shard, RequestHead head) {
        this.shard = shard;
        this.request = new Request(this, head);
        this.body = new Body(this);
        this.response = new Response(this);
    }

    /** Ready for the next request of any connection of the shard. */
    void clear() {
        request.clear();
        body.clear();
        response.clear();
        carrier = null;
        next = null;
        closes = false;
        started = false;
    }

    /** Makes a new one with room that others have left. */
    Exchange in(Room spare) {
        room = spare;
        ((RequestDecoder) request.head()).take(spare);
        response.headers().take(spare);
        return this;
    }

    /** Nobody has a right to it any more; it is not used again itself, since somebody might hold it all the same. */
    void leaveRoom() {
        Room left = room;
        if (left != null) {
            room = null;
            ((RequestDecoder) request.head()).give(left);
            response.headers().give(left);
            shard.giveRoom(left);
        }
    }

    void begin(Carrier by, long now) {
        carrier = by;
        begunAt = now;
    }

    HttpShard shard() {
        return shard;
    }

    Request request() {
        return request;
    }

    Body body() {
        return body;
    }

    Response response() {
        return response;
    }

    Carrier carrier() {
        return Objects.requireNonNull(carrier, "the exchange is over");
    }

    void releaseHeld() {
        ByteBuf buffer = held;
        if (buffer != null) {
            held = null;
            buffer.release();
        }
    }
}
