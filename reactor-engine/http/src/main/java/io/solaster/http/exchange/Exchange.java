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
 * nobody who is late writes into the exchange of another client; and whoever has kept request, response or body although it
 * was told not to has objects that are cut off by then, see {@link Response}. On the owning shard.
 */
public final class Exchange {
    private final HttpShard shard;
    private final LoopRequest request;
    private final Body body;
    private final LoopResponse response;
    /** What its handler has of it, once somebody is to be given that. */
    private @Nullable Request handlersRequest;
    private @Nullable Response handlersResponse;
    private @Nullable HandlersBody handlersBody;
    private @Nullable Carrier carrier;
    private @Nullable HeadMemory memory;
    /** How many still have a right to it: stages of the application that are not done. */
    private int holders;
    /** Its connection has done with it. */
    private boolean left;

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
        this.request = new LoopRequest(this, head);
        this.body = new Body(this);
        this.response = new LoopResponse(this);
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
     * Ready for the next request of any connection of the shard. What the handler of this one has of it is cut off.
     */
    void reset() {
        Request asked = handlersRequest;
        if (asked != null) {
            asked.cutOff();
            handlersRequest = null;
        }
        Response answer = handlersResponse;
        if (answer != null) {
            answer.cutOff();
            handlersResponse = null;
        }
        HandlersBody read = handlersBody;
        if (read != null) {
            read.cutOff();
            handlersBody = null;
        }
        request.clear();
        body.clear();
        response.clear();
        carrier = null;
        next = null;
        closes = false;
        started = false;
    }

    /** The request as its handler has it. */
    Request handlersRequest() {
        Request known = handlersRequest;
        if (known == null) {
            known = new Request(request);
            handlersRequest = known;
        }
        return known;
    }

    /** The response as its handler has it. */
    Response handlersResponse() {
        Response known = handlersResponse;
        if (known == null) {
            known = new Response(response);
            handlersResponse = known;
        }
        return known;
    }

    /** The body as its handler has it. */
    HandlersBody handlersBody() {
        HandlersBody known = handlersBody;
        if (known == null) {
            known = new HandlersBody(body);
            handlersBody = known;
        }
        return known;
    }

    /** Makes a new one with memory that others have left. */
    Exchange in(HeadMemory spare) {
        memory = spare;
        request.head().take(spare);
        response.headers.take(spare);
        return this;
    }

    /** Nobody has a right to it any more; it is not used again itself, since somebody might hold it all the same. */
    public void leaveMemory() {
        left = true;
        HeadMemory leaves = memory;
        if (leaves != null && holders == 0) {
            memory = null;
            request.head().give(leaves);
            response.headers.give(leaves);
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

    public LoopRequest request() {
        return request;
    }

    public Body body() {
        return body;
    }

    public LoopResponse response() {
        return response;
    }

    public Carrier carrier() {
        return Objects.requireNonNull(carrier);
    }

    /** What whoever kept request or response too long is told. */
    static IllegalStateException isOver() {
        return new IllegalStateException(
                "the exchange is over, and may serve another client by now: take from request and"
                        + " response what is needed before the response ends, or go on in HttpHandler.async or blocking, which"
                        + " keep them");
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
