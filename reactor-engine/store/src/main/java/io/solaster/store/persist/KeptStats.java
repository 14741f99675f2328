package io.solaster.store.persist;

import io.solaster.engine.stats.Counter;

/** What one shard counts about how its keys are kept. Written by the shard, read by any thread. */
public final class KeptStats {
    /** Snapshots that were written. */
    public final Counter snapshots = new Counter();
    /** Snapshots that failed. */
    public final Counter snapshotsFailed = new Counter();
    /** 1 if the last snapshot failed; as of now. */
    public final Counter lastSnapshotFailed = new Counter();
    /** 1 while a snapshot is written; as of now. */
    public final Counter snapshotting = new Counter();
    /** Bytes of the last snapshot; as of now. */
    public final Counter snapshotBytes = new Counter();
    /** As when the last snapshot has the keys, in Unix milliseconds; 0 if there is none. */
    public final Counter lastSnapshotAt = new Counter();
    /** How long the last snapshot took, in milliseconds. */
    public final Counter lastSnapshotMillis = new Counter();
    /** Bytes of changes that were read at the start and that no snapshot has; as of now. */
    public final Counter bytesReplayed = new Counter();
    /** Records of the log when the last snapshot was begun; as of now. */
    public final Counter recordsAtSnapshot = new Counter();

    KeptStats() {}
}
