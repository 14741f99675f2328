package io.solaster.http.exchange;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.http.wire.HeadMemory;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, in the queue of its connection or on a stream of its own. One that is over before its
 * handler returns serves again for another request. One that outlives its handler does not, nor one that somebody may hold
 * on to although it is over: a stage that is not done, a virtual thread, whoever has its stream or listens to its end. So
 * nobody who is late writes into the exchange of another client. On the owning shard.
 */
public final class Exchange {
    private final HttpShard shard;
    private final Request request;
    private final Body body;
    private final Response response;
    private @Nullable Carrier carrier;
    private @Nullable HeadMemory memory;
    /** How many still have a right to it: stages of the application that are not done. */
    private int holders;
    /** Its connection has done with it. */
    private boolean left;
    /** Counts the requests that it has served, so that what comes late for one of them is told from the others. */
    private int use;

    /** The one behind it on its connection. */
    @Nullable
    public Exchange next;
    /** What is to be sent once those before it are over. */
    @Nullable
    public ByteBuf held;
    /** When its head had been read, in nanoseconds. */
    long begunAt;
    /** Since when its handler has been keeping the client waiting, in nanoseconds of the shard's timers. */
    public long waitsSince;
    /** A listener has been told of it. */
    boolean started;
    /** The connection does not go on after it. */
    public boolean closes;
    /** The handler has returned, and this was not over, or somebody may hold it: it serves no other request. */
    public boolean outlives;

    Exchange(HttpShard shard, RequestHead head) {
        this.shard = shard;
        this.request = new Request(this, head);
        this.body = new Body(this);
        this.response = new Response(this);
    }

    /** Somebody goes on with it, whether it has ended or not; {@link #letGo} follows. */
    void hold() {
        holders++;
        outlives = true;
    }

    /** The last one returns what it leaves to others. */
    void letGo() {
        if (--holders == 0 && left) {
            leaveMemory();
        }
    }

    /**
     * Has the loop do what was asked elsewhere, unless this serves another request by then.
     *
     * @param owned released where that is so; null for nothing
     */
    void atHome(@Nullable ByteBuf owned, Runnable work) {
        if (Shard.current() == shard.shard()) {
            // A virtual thread of the shard, which has it beyond its handler.
            outlives = true;
            shard.shard().execute(work);
            return;
        }
        int asked = use;
        shard.shard().execute(() -> {
            if (use == asked) {
                work.run();
            } else if (owned != null) {
                owned.release();
            }
        });
    }

    /** Nobody has a right to it until it serves the next request of any connection of the shard. */
    void rest() {
        use++;
        clear();
        response.rest();
    }

    /** Ready for a request, whatever was asked of it while it served none. */
    void clear() {
        request.clear();
        body.clear();
        response.clear();
        carrier = null;
        next = null;
        closes = false;
        started = false;
    }

    /** Makes a new one with memory that others have left. */
    Exchange in(HeadMemory spare) {
        memory = spare;
        request.head().take(spare);
        response.headers().take(spare);
        return this;
    }

    /** Nobody has a right to it any more; it is not used again itself, since somebody might hold it all the same. */
    public void leaveMemory() {
        left = true;
        HeadMemory leaves = memory;
        if (leaves != null && holders == 0) {
            memory = null;
            request.head().give(leaves);
            response.headers().give(leaves);
            shard.giveMemory(leaves);
        }
    }

    public void begin(Carrier by, long now) {
        carrier = by;
        begunAt = now;
    }

    public HttpShard shard() {
        return shard;
    }

    public Request request() {
        return request;
    }

    public Body body() {
        return body;
    }

    public Response response() {
        return response;
    }

    public Carrier carrier() {
        refuseIfOver();
        return Objects.requireNonNull(carrier);
    }

    /** Refuses who asks for what it served, once it serves nobody. */
    void refuseIfOver() {
        if (carrier == null) {
            throw new IllegalStateException(
                    "the exchange is over, and may serve another client next: take from request and"
                            + " response what is needed before the response ends, or go on in HttpHandler.async or blocking,"
                            + " which keep them");
        }
    }

    /** Whether it serves somebody. */
    boolean isServing() {
        return carrier != null;
    }

    public void releaseHeld() {
        ByteBuf buffer = held;
        if (buffer != null) {
            held = null;
            buffer.release();
        }
    }
}
