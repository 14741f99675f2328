package io.solaster.log;

import java.nio.file.Path;

import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.SegmentHeader;

/** A segment that is written, or is going to be. On the shard. */
final class SegmentFile {
    private final ShardFile file;
    private final long capacity;
    private Path path;
    private long first;
    private long madeMillis;
    private long at = SegmentHeader.DATA;

    /** @param capacity how many bytes of it are there to be written */
    SegmentFile(ShardFile file, long capacity) {
        this.file = file;
        this.path = file.path();
        this.capacity = capacity;
    }

    /** It has a header from now on, and a name. */
    void begins(Path newPath, SegmentHeader header) {
        path = newPath;
        first = header.first();
        madeMillis = header.madeMillis();
    }

    ShardFile file() {
        return file;
    }

    Path path() {
        return path;
    }

    /** The sequence of its first record. */
    long first() {
        return first;
    }

    long madeMillis() {
        return madeMillis;
    }

    /** Where the next write goes. */
    long at() {
        return at;
    }

    /** Those bytes are somebody's; tells where they begin. */
    long take(int bytes) {
        long from = at;
        at += bytes;
        return from;
    }

    /** Bytes that may be written still. */
    long left() {
        return capacity - at;
    }

    long capacity() {
        return capacity;
    }
}
