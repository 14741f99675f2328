package io.solaster.http;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, in the queue of its connection. One that is over before its handler returns serves again
 * for another request; one that outlives it does not, so that whoever holds on to it too long cannot write into the
 * exchange of another client. On the owning shard.
 */
final class Exchange {
    private final HttpShard shard;
    private final Request request;
    private final Body body;
    private final Response response;
    private @Nullable HttpConnection connection;
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

    Exchange(HttpShard shard) {
        this.shard = shard;
        this.request = new Request(this);
        this.body = new Body(this);
        this.response = new Response(this);
    }

    /** Ready for the next request of any connection of the shard. */
    void clear() {
        request.clear();
        body.clear();
        response.clear();
        connection = null;
        next = null;
        closes = false;
        started = false;
    }

    /** Makes a new one with room that others have left. */
    Exchange in(Room spare) {
        room = spare;
        request.head().take(spare);
        response.headers().take(spare);
        return this;
    }

    /** Nobody has a right to it any more; it is not used again itself, since somebody might hold it all the same. */
    void leaveRoom() {
        Room left = room;
        if (left != null) {
            room = null;
            request.head().give(left);
            response.headers().give(left);
            shard.giveRoom(left);
        }
    }

    void begin(HttpConnection on, long now) {
        connection = on;
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

    HttpConnection connection() {
        return Objects.requireNonNull(connection, "the exchange is over");
    }

    void releaseHeld() {
        ByteBuf buffer = held;
        if (buffer != null) {
            held = null;
            buffer.release();
        }
    }
}
