package io.solaster.load.protocol;

/** What came is no answer in the protocol, or no answer is as long: the connection's bytes mean nothing after it. */
public final class BadAnswer extends RuntimeException {
    /** Bytes of a line, a head or a frame's head that are kept until its rest is there. */
    public static final int MOST = 64 * 1024;

    private static final long serialVersionUID = 1L;

    /** @param message what was wrong, without any of the bytes that came */
    public BadAnswer(String message) {
        super(message, null, false, false);
    }
}
