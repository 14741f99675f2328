package io.solaster.log;

import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Histogram;

/** What one shard counts about its log. Written by the shard, read by any thread. */
public final class LogStats {
    /** Records that were appended. */
    public final Counter records = new Counter();
    /** Bytes of them, with their headers. */
    public final Counter bytes = new Counter();
    /** Appends that were refused, for want of room in the buffer or on the disk. */
    public final Counter refused = new Counter();
    /** Writes: one for all that gathered. */
    public final Counter batches = new Counter();
    /** Syncs that ended well. */
    public final Counter syncs = new Counter();
    /** How long they took. */
    public final Histogram syncNanos = new Histogram();
    /** How long records waited to be acknowledged: the oldest of each batch. */
    public final Histogram acknowledgedNanos = new Histogram();
    /** Bytes that are appended and not written; as of now. */
    public final Counter unwritten = new Counter();
    /** Bytes that are written and not synced; as of now. */
    public final Counter unsynced = new Counter();
    /** Segments on the disk; as of now. */
    public final Counter segments = new Counter();
    /** What they have of the disk, in bytes; as of now. */
    public final Counter diskBytes = new Counter();
    /** The sequence of the last record that was acknowledged; as of now. */
    public final Counter acknowledged = new Counter();
    /** 1 once a write or a sync has failed; as of now. */
    public final Counter sealed = new Counter();
    /** 1 while there is no room on the disk for another segment; as of now. */
    public final Counter full = new Counter();

    LogStats() {}
}
