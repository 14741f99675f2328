package io.solaster.config;

import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What keeps the store over a restart: a log of changes and snapshots, for each shard. Without a directory the store is in memory
 * alone.
 *
 * @param directory where both lie; made where it is not there, and belongs to one process at a time
 * @param fsync when a change counts as kept, and its client is answered: 'always' once it was synced; a time such as '1s' once it
 *            was written, and is synced within that; 'never' once it was written, and the operating system syncs it sometime
 * @param segment how large a file of the log gets; room for the next one is taken ahead
 * @param buffer how many bytes a shard may have changed that are not written yet; then commands that write wait
 * @param snapshotAfter how many bytes of changes a shard writes until it writes a snapshot, and lets go of them; 0 for never
 * @param snapshotGrowth how large the changes are, too, by then, in percent of the last snapshot
 * @param importFrom a file that Redis has written (dump.rdb), of versions 7 to 12: a start with an empty directory reads it before
 *            servers open, a later one does not
 */
public record StorePersistenceConfig(@Nullable String directory, @DefaultValue("1s") Fsync fsync,
        @DefaultValue("64MB") ByteSize segment, @DefaultValue("16MB") ByteSize buffer,
        @DefaultValue("64MB") ByteSize snapshotAfter,
        @DefaultValue("100") @Range(min = 0, max = 10_000) int snapshotGrowth,
        @Nullable String importFrom) {

    /** What an empty configuration gives: a store in memory alone. */
    public static StorePersistenceConfig none() {
        return new StorePersistenceConfig(null, Fsync.EVERY_SECOND, new ByteSize(64 << 20), new ByteSize(16 << 20),
                new ByteSize(64 << 20), 100, null);
    }

    /** What an empty configuration gives, in a directory. */
    public static StorePersistenceConfig in(String directory) {
        StorePersistenceConfig none = none();
        return new StorePersistenceConfig(directory, none.fsync, none.segment, none.buffer, none.snapshotAfter,
                none.snapshotGrowth, null);
    }

    /** This with another meaning of what is kept. */
    public StorePersistenceConfig withFsync(Fsync newFsync) {
        return new StorePersistenceConfig(directory, newFsync, segment, buffer, snapshotAfter, snapshotGrowth,
                importFrom);
    }

    /** This with files and a buffer of other sizes. */
    public StorePersistenceConfig withSizes(ByteSize newSegment, ByteSize newBuffer, ByteSize newSnapshotAfter) {
        return new StorePersistenceConfig(directory, fsync, newSegment, newBuffer, newSnapshotAfter, snapshotGrowth,
                importFrom);
    }

    /** This with a file that a first start reads. */
    public StorePersistenceConfig withImportFrom(String file) {
        return new StorePersistenceConfig(directory, fsync, segment, buffer, snapshotAfter, snapshotGrowth, file);
    }

    /** Whether the store is kept. */
    public boolean isOn() {
        return directory != null && !directory.isBlank();
    }

    /** The log of it, in a directory. */
    public LogConfig log(String within) {
        return new LogConfig(within, fsync, segment, buffer, 1 << 20, RetainConfig.everything());
    }
}
