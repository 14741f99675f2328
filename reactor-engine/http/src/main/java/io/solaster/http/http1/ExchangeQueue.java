package io.solaster.http.http1;

import io.netty.buffer.ByteBuf;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.LoopRequest;
import org.jspecify.annotations.Nullable;

/** The exchanges of a connection that are under way, in the order of their requests. On the owning shard. */
final class ExchangeQueue {
    /** What may be held back of one response. */
    private static final int MOST_HELD = 64 << 10;

    private @Nullable Exchange first;
    private @Nullable Exchange last;
    private int size;
    private int unsafe;

    /** The one whose response is sent as it is written; null if there is none. */
    @Nullable
    Exchange first() {
        return first;
    }

    boolean isEmpty() {
        return first == null;
    }

    int size() {
        return size;
    }

    /** Bytes of memory that responses take which wait for those before them. */
    long heldBytes() {
        long bytes = 0;
        for (Exchange each = first; each != null; each = each.next) {
            ByteBuf held = each.held;
            bytes += held == null ? 0 : held.capacity();
        }
        return bytes;
    }

    boolean holds(Exchange exchange) {
        return exchange == first || exchange.next != null || exchange == last;
    }

    /** Whether a request can be handled beside those before it: none of them changes anything. */
    boolean admits(LoopRequest request) {
        return size == 0 || unsafe == 0 && request.isSafe();
    }

    void add(Exchange exchange) {
        Exchange before = last;
        if (before == null) {
            first = exchange;
        } else {
            before.next = exchange;
        }
        last = exchange;
        size++;
        if (!exchange.request().isSafe()) {
            unsafe++;
        }
    }

    /** Takes out the first one, which is over. */
    private void remove(Exchange over) {
        first = over.next;
        if (first == null) {
            last = null;
        }
        size--;
        if (!over.request().isSafe()) {
            unsafe--;
        }
    }

    /** Whether a response that waits for those before it holds so much that no more is to be written. */
    static boolean isHeldEnough(Exchange exchange) {
        ByteBuf held = exchange.held;
        return held != null && held.readableBytes() >= MOST_HELD;
    }

    /** Where a response waits for those before it. */
    static ByteBuf held(Exchange exchange, int room) {
        ByteBuf into = exchange.held;
        if (into == null) {
            into = exchange.carrier().channel().alloc().directBuffer(room);
            exchange.held = into;
        }
        return into;
    }

    /** The first one is over: it is taken out, counted, and its end is told now or once it has been sent. */
    void answered(Exchange over, Batch batch, Listening listening) {
        remove(over);
        batch.answered(over);
        over.body().skip();
        if (over.response().hasListeners()) {
            listening.add(over);
        } else {
            over.response().tell(null);
        }
        if (over.outlives) {
            over.next = null;
            if (!over.response().hasListeners() && over.response().upgrade == null) {
                over.leaveMemory();
            }
        }
    }

    /** Takes out all; the first one, from which the others can be reached. */
    private @Nullable Exchange removeAll() {
        Exchange all = first;
        first = null;
        last = null;
        size = 0;
        unsafe = 0;
        return all;
    }

    /** Tells all that the server drains. */
    void drain() {
        for (Exchange each = first; each != null;) {
            Exchange next = each.next;
            each.response().drain();
            each = next;
        }
    }

    /** Takes out all, which fail. */
    void failAll(HttpShard shard, Throwable cause) {
        Exchange each = removeAll();
        while (each != null) {
            Exchange next = each.next;
            each.next = null;
            each.outlives = true;
            each.response().cut();
            each.releaseHeld();
            each.body().fail(cause);
            each.body().release();
            shard.tellEnd(each, cause);
            each.response().tell(cause);
            each = next;
        }
    }
}
