package io.solaster.engine.net;

/** Thrown when a server cannot listen where it is told to. The message names the server, the address and the fix. */
public final class BindException extends RuntimeException {
    private final String server;
    private final String fix;
    private final boolean shardPort;

    BindException(String kind, String server, String where, String reason, String fix, boolean shardPort,
            Throwable cause) {
        super(kind + " '" + server + "' cannot listen on " + where + ": " + reason + "; " + fix, cause);
        this.server = server;
        this.fix = fix;
        this.shardPort = shardPort;
    }

    /** The server's name: the key below {@code solaster.servers} or {@code solaster.udp}. */
    public String server() {
        return server;
    }

    /** Whether it is a port that a shard has for itself, and not the server's. */
    public boolean isShardPort() {
        return shardPort;
    }

    /** What to do about it. */
    public String fix() {
        return fix;
    }
}
