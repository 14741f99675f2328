package io.solaster.http.http1;

import io.netty.buffer.ByteBuf;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.Request;
import org.jspecify.annotations.Nullable;

/** The exchanges of a connection that are under way, in the order of their requests. On the owning shard. */
final class ExchangeQueue {
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
    boolean admits(Request request) {
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
    void remove(Exchange over) {
        first = over.next;
        if (first == null) {
            last = null;
        }
        size--;
        if (!over.request().isSafe()) {
            unsafe--;
        }
    }

    /** Takes out all; the first one, from which the others can be reached. */
    @Nullable
    Exchange removeAll() {
        Exchange all = first;
        first = null;
        last = null;
        size = 0;
        unsafe = 0;
        return all;
    }
}
