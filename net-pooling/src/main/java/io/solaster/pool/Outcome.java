package io.solaster.pool;

/** What came of one request to an endpoint, for all that judge endpoints by their requests. */
public enum Outcome {
    /** It was answered, and well. */
    SUCCESS,
    /** It was answered with what speaks against the endpoint: HTTP's 500, 502, 503, 504; Redis's LOADING, MASTERDOWN. */
    ERROR,
    /** No connection came about: refused, unreachable, no handshake. */
    UNREACHABLE,
    /** The connection was lost before the answer. */
    BROKEN,
    /** There was no answer in time. */
    TIMEOUT,
    /** It was given up for a reason that says nothing of the endpoint. */
    CANCELLED;

    /** Whether it speaks against the endpoint. */
    public boolean isFailure() {
        return this != SUCCESS && this != CANCELLED;
    }
}
