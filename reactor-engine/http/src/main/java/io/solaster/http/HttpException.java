package io.solaster.http;

import java.util.LinkedHashMap;
import java.util.Map;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Thrown by a handler to answer with a status. What it says is sent to the client. */
public final class HttpException extends RuntimeException {
    private final HttpResponseStatus status;
    private Map<CharSequence, CharSequence> headers = Map.of();
    /** Whoever has made it has told of it. */
    private boolean told;

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

    /**
     * Sets a header of the answer, such as {@code WWW-Authenticate} or {@code Retry-After}.
     *
     * @return this
     */
    public HttpException header(CharSequence name, CharSequence value) {
        if (headers.isEmpty()) {
            headers = new LinkedHashMap<>();
        }
        headers.put(name, value);
        return this;
    }

    /** This, of which nothing more is logged, whatever its status. */
    @Internal
    public HttpException told() {
        told = true;
        return this;
    }

    @Internal
    public boolean isTold() {
        return told;
    }

    /** The headers of the answer, in their order. */
    @Internal
    public Map<CharSequence, CharSequence> headers() {
        return headers;
    }

    /** What the client is answered with. */
    public HttpResponseStatus status() {
        return status;
    }
}
