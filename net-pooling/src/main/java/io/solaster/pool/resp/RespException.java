package io.solaster.pool.resp;

/** An error that a server of RESP has answered with. */
public final class RespException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** For the server's own words. */
    public RespException(String text) {
        super(text, null, false, false);
    }

    /** What the error is called: its text up to the first space, such as {@code WRONGTYPE}. */
    public String code() {
        return code(String.valueOf(getMessage()));
    }

    static String code(String text) {
        int end = text.indexOf(' ');
        return end < 0 ? text : text.substring(0, end);
    }
}
