package io.solaster.engine.file;

import io.solaster.config.Internal;

/** Who counts what is done to a shard's files: {@link io.solaster.engine.stats.FileStats}. On the shard. */
@Internal
public interface FileMeter {

    /** An operation has ended, so long after it was accepted. */
    void ended(long nanos, boolean failed);

    /** A read has brought so many bytes. */
    void read(int bytes);

    /** A write of so many bytes is done. */
    void written(int bytes);

    /** An operation was refused for want of room. */
    void refused();

    /** An operation's turn has come, after so long. */
    void waited(long nanos);

    /** How many operations wait now, and how many the disk has. */
    void level(int waiting, int atDisk);

    /** How many operations the disk may have at once from now on. */
    void depth(int most);
}
