package io.solaster.http;

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
