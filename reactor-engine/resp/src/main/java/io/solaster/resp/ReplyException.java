package io.solaster.resp;

/** What came is no reply, or larger than permitted. The connection's bytes mean nothing after it: close it. */
public final class ReplyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ReplyException(String message) {
        super(message);
    }
}
