package io.solaster.engine.trace;

/** The server that a traced request came in by. Any thread. */
public interface TracedServer {

    /** Its key below {@code solaster.servers}. */
    String server();

    /** What it speaks, such as {@code resp}. */
    String protocol();
}
