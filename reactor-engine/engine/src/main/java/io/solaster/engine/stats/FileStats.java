package io.solaster.engine.stats;

import io.solaster.config.Internal;
import io.solaster.engine.file.FileMeter;

/** What one shard counts about its files. Written by the shard, read by any thread. */
public final class FileStats implements FileMeter {
    /** Operations that have ended, of all kinds, failed ones too. */
    public final Counter operations = new Counter();
    /** Reads that have ended well. */
    public final Counter reads = new Counter();
    /** Writes that have ended well. */
    public final Counter writes = new Counter();
    /** Bytes that were read. */
    public final Counter bytesRead = new Counter();
    /** Bytes that were written. */
    public final Counter bytesWritten = new Counter();
    /** Operations that have failed. */
    public final Counter failed = new Counter();
    /** Operations that were refused, since their group had as many accepted as it may. */
    public final Counter refused = new Counter();
    /** Operations that the disk has; as of now. */
    public final Counter atDisk = new Counter();
    /** Operations that wait for their group's turn at the disk; as of now. */
    public final Counter queued = new Counter();
    /** Operations that the disk may have at once; as of now. Below the configured depth where there is a goal for latency. */
    public final Counter depth = new Counter();
    /** How long operations took, from when they were accepted. */
    public final Histogram nanos = new Histogram();
    /** How long they waited for their group's turn. */
    public final Histogram queueNanos = new Histogram();

    @Internal
    public FileStats() {}

    @Override
    @Internal
    public void ended(long tookNanos, boolean hasFailed) {
        operations.increment();
        nanos.record(tookNanos);
        if (hasFailed) {
            failed.increment();
        }
    }

    @Override
    @Internal
    public void read(int bytes) {
        reads.increment();
        bytesRead.add(bytes);
    }

    @Override
    @Internal
    public void written(int bytes) {
        writes.increment();
        bytesWritten.add(bytes);
    }

    @Override
    @Internal
    public void refused() {
        refused.increment();
    }

    @Override
    @Internal
    public void waited(long waitedNanos) {
        queueNanos.record(waitedNanos);
    }

    @Override
    @Internal
    public void level(int nowWaiting, int nowAtDisk) {
        queued.set(nowWaiting);
        atDisk.set(nowAtDisk);
    }

    @Override
    @Internal
    public void depth(int most) {
        depth.set(most);
    }
}
