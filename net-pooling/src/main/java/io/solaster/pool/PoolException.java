package io.solaster.pool;

import org.jspecify.annotations.Nullable;

/**
 * A request through a pool that failed before an endpoint answered it; the reason says whether it may have arrived. It has
 * a stack trace of its own only where that may tell something: where a limit refuses a request it would cost more than
 * the work that is kept out, and where there is a cause, that has one.
 */
public final class PoolException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final boolean stale;

    /** For the reason, which is told in words with the pool's name. */
    public PoolException(Reason reason, String message, @Nullable Throwable cause) {
        this(reason, false, message, cause);
    }

    private PoolException(Reason reason, boolean stale, String message, @Nullable Throwable cause) {
        super(message, cause, false, cause == null && reason.hasStack());
        this.reason = reason;
        this.stale = stale;
    }

    /**
     * That a connection was lost which had served before, with not a byte of the answer: the other end had closed it
     * most likely before it saw the request.
     */
    public static PoolException stale(String message, @Nullable Throwable cause) {
        return new PoolException(Reason.CONNECTION_LOST, true, message, cause);
    }

    /**
     * That the endpoint says that it has not begun with a request, as HTTP/2 can.
     *
     * @param elsewhereAtOnce whether only the connection does not take it: any request is worth another try at once, and
     *            the endpoint is none the worse for it
     */
    public static PoolException refused(String message, @Nullable Throwable cause, boolean elsewhereAtOnce) {
        return new PoolException(Reason.REFUSED, elsewhereAtOnce, message, cause);
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /**
     * Whether it was sent on a connection that was found stale: then a request that may be repeated, or was surely not
     * begun, is worth another try at once.
     */
    public boolean isStale() {
        return stale;
    }

    /** Why a request failed. */
    public enum Reason {
        /** There was no endpoint to send it to. */
        NO_ENDPOINT,
        /** No connection came free in time. */
        ACQUIRE_TIMEOUT,
        /** Too many waited for a connection already, or were under way. */
        TOO_MANY_PENDING,
        /** No connection to the endpoint could be made. */
        CONNECT_FAILED,
        /** The endpoint has said that it has not begun with the request. */
        REFUSED,
        /** The connection was lost before the answer: the request may have arrived. */
        CONNECTION_LOST,
        /** There was no answer in time: the request may have arrived. */
        TIMEOUT,
        /** The pool is closed, or its shard stops. */
        CLOSED;

        /** Whether the request has surely not been acted upon, so that any request may be tried again. */
        public boolean isUnsent() {
            return this != CONNECTION_LOST && this != TIMEOUT;
        }

        /** Limits and deadlines say all that there is to say, and to thousands at a time; so who called tells nothing. */
        private boolean hasStack() {
            return switch (this) {
                case NO_ENDPOINT, ACQUIRE_TIMEOUT, TOO_MANY_PENDING, REFUSED, TIMEOUT -> false;
                case CONNECT_FAILED, CONNECTION_LOST, CLOSED -> true;
            };
        }
    }
}
