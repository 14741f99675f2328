package io.solaster.store.stats;

import io.solaster.engine.stats.Counter;

/** What one shard counts of its commands and clients. Written by the shard, read by any thread. */
public final class StoreStats {
    /** Commands run here for clients of any shard. */
    public final Counter commands = new Counter();
    /** Commands of this shard's clients that ran on another shard. */
    public final Counter foreignCommands = new Counter();
    /** Commands that failed in a way that is our fault: their method threw. */
    public final Counter failures = new Counter();
    /** Look-ups of keys that found one. */
    public final Counter hits = new Counter();
    /** Look-ups of keys that found none. */
    public final Counter misses = new Counter();
    /** Clients disconnected because what they sent is not RESP, or not TLS where that is asked for. */
    public final Counter protocolErrors = new Counter();
    /** Wrong passwords. */
    public final Counter wrongPasswords = new Counter();
    /** Clients disconnected because they did not read their replies. */
    public final Counter outputOverflows = new Counter();
    /** Clients disconnected because they were silent for too long. */
    public final Counter idleTimeouts = new Counter();
    /** Bytes received from clients. */
    public final Counter bytesIn = new Counter();
    /** Bytes of replies. */
    public final Counter bytesOut = new Counter();
}
