package io.solaster.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/** Thrown by a handler to answer with a status. What it says is sent to the client. */
public final class HttpException extends RuntimeException {
    private final HttpResponseStatus status;

    /**
     * To be answered with this status.
     *
     * @param status 400 to 599
     * @param message what the client is told
     */
    public HttpException(HttpResponseStatus status, String message) {
        this(status, message, null);
    }

    /** The same, with what made it so, which the client is not told. */
    public HttpException(HttpResponseStatus status, String message, @Nullable Throwable cause) {
        super(message, cause, cause != null, cause != null);
        this.status = status;
    }

    /** What the client is answered with. */
    public HttpResponseStatus status() {
        return status;
    }
}
