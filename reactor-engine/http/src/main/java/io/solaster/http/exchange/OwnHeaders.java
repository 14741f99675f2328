package io.solaster.http.exchange;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.wire.HeaderList;
import org.jspecify.annotations.Nullable;

/**
 * What a handler's headers say of the server's own matters, whichever protocol writes them: one passes all headers through
 * it, then asks. It serves all responses of a shard in turn. On the owning shard.
 */
public final class OwnHeaders {
    private boolean dated;
    private boolean served;
    private boolean closes;
    private @Nullable CharSequence declared;

    /** For another response. */
    public OwnHeaders begin() {
        dated = false;
        served = false;
        closes = false;
        declared = null;
        return this;
    }

    /**
     * The next header; whether it is written as it is.
     *
     * @param http2 whether there is no place for what concerns the connection
     */
    public boolean passes(CharSequence name, CharSequence value, boolean http2) {
        switch (HeaderList.own(name)) {
            case DATE -> dated = true;
            case SERVER -> served = true;
            case CONNECTION -> {
                closes |= HeaderList.same(value, "close");
                return false;
            }
            case CONTENT_LENGTH -> {
                declared = value;
                return false;
            }
            case TRANSFER_ENCODING -> {
                return false;
            }
            case HOP_BY_HOP -> {
                return !http2;
            }
            case NONE -> {
                // The application's.
            }
        }
        return true;
    }

    /** Whether there was a Date. */
    public boolean isDated() {
        return dated;
    }

    /** Whether there was a Server. */
    public boolean isServed() {
        return served;
    }

    /** Whether the connection is to end with this response. */
    public boolean closes() {
        return closes;
    }

    /** How long a body that is not sent would be, had it been asked for; null if that is not said. */
    @Nullable
    public CharSequence declared(HttpResponseStatus status, long length) {
        return length == Carrier.NO_BODY && status.code() != 204 ? declared : null;
    }
}
