package io.solaster.http;

import org.jspecify.annotations.Nullable;

/**
 * Sees every exchange of a server: for an access log, or for observations. On the owning shard, and in the way of every
 * request: it must neither block nor throw, and keeps neither request nor response.
 */
public interface ExchangeListener {

    /** A request's head has been read; its handler is called next. */
    default void onStart(HttpRequest request) {}

    /**
     * Its response has been written to the connection as a whole, or never will be. Not told of requests that no handler
     * was asked for, since they were malformed.
     *
     * @param nanos since the request's head had been read
     * @param failure why the response was not, or not wholly, written; null if it was
     */
    void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure);

    /** Tells two of them, one after the other. */
    static ExchangeListener both(ExchangeListener one, ExchangeListener other) {
        return new ExchangeListener() {
            @Override
            public void onStart(HttpRequest request) {
                one.onStart(request);
                other.onStart(request);
            }

            @Override
            public void onEnd(HttpRequest request, HttpResponse response, long nanos, @Nullable Throwable failure) {
                one.onEnd(request, response, nanos, failure);
                other.onEnd(request, response, nanos, failure);
            }
        };
    }
}
