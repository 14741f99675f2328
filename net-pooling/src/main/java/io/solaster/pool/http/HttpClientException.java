package io.solaster.pool.http;

/** An answer that an HTTP client cannot take: its body is larger than it may be. */
public final class HttpClientException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** In words. */
    public HttpClientException(String message) {
        super(message, null, false, false);
    }
}
