package io.solaster.engine.tls;

import io.solaster.engine.stats.Counter;

/** What one shard counts of one server's handshakes. Written by the shard, read by any thread. */
public final class HandshakeStats {
    /** Handshakes that succeeded. */
    public final Counter succeeded = new Counter();
    /** Those of them that resumed a session. */
    public final Counter resumed = new Counter();
    /** Handshakes that failed: garbage, nothing in common, a certificate that is no good. */
    public final Counter failed = new Counter();
    /** Connections that began with something else than TLS. */
    public final Counter notTls = new Counter();
    /** Connections closed since the handshake took too long. */
    public final Counter timedOut = new Counter();
    /** Connections closed by the client before the handshake was done. */
    public final Counter aborted = new Counter();
    /** Connections closed since as many handshakes were under way as may be, or their name is refused. */
    public final Counter refused = new Counter();
    /** Handshakes under way: a hello has come, and neither success nor failure. */
    public final Counter inProgress = new Counter();
    /** Those of them that wait for a turn of the loop. */
    public final Counter waiting = new Counter();
    /** Connections on which nothing, or part of a hello, has come. */
    public final Counter silent = new Counter();
}
