package io.solaster.engine.net;

/** Thrown when a server cannot listen where it is told to. The message names the server, the address and the fix. */
public final class BindException extends RuntimeException {
    private final String server;
    private final String fix;

    BindException(String server, String where, String reason, String fix, Throwable cause) {
        super("server '" + server + "' cannot listen on " + where + ": " + reason + "; " + fix, cause);
        this.server = server;
        this.fix = fix;
    }

    /** The server's name: the key below {@code solaster.servers}. */
    public String server() {
        return server;
    }

    /** What to do about it. */
    public String fix() {
        return fix;
    }
}
