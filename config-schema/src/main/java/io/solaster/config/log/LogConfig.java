package io.solaster.config.log;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One append log on the disk: each shard writes files of its own.
 *
 * @param directory where the log lies; made where it is not there, and belongs to one process at a time
 * @param fsync what an acknowledgement means: 'always' that the record was synced; a time such as '1s' that it was written
 *            and is synced within that; 'never' that it was written, and the operating system syncs it sometime
 * @param segment how large a file of the log gets; room for the next one is taken ahead
 * @param buffer how many bytes a shard may have appended that are not written yet; a record may have a quarter of it
 * @param bufferRecords how many records those may be
 * @param retain what goes by itself
 */
@ConfigurationPropertiesSource
public record LogConfig(@Nullable String directory, @DefaultValue("1s") Fsync fsync,
        @DefaultValue("64MB") ByteSize segment, @DefaultValue("8MB") ByteSize buffer,
        @DefaultValue("1048576") @Range(min = 2, max = 1 << 28) int bufferRecords,
        @NestedConfigurationProperty @DefaultValue RetainConfig retain) {

    /** What an empty configuration gives, in a directory. */
    public static LogConfig in(String directory) {
        return new LogConfig(directory, Fsync.EVERY_SECOND, new ByteSize(64 << 20), new ByteSize(8 << 20), 1 << 20,
                RetainConfig.everything());
    }

    /** This with another meaning of acknowledgements. */
    public LogConfig withFsync(Fsync newFsync) {
        return new LogConfig(directory, newFsync, segment, buffer, bufferRecords, retain);
    }

    /** This with files and a buffer of other sizes. */
    public LogConfig withSizes(ByteSize newSegment, ByteSize newBuffer) {
        return new LogConfig(directory, fsync, newSegment, newBuffer, bufferRecords, retain);
    }

    /** This with another bound on records that are not written yet. */
    public LogConfig withBufferRecords(int newBufferRecords) {
        return new LogConfig(directory, fsync, segment, buffer, newBufferRecords, retain);
    }

    /** This, keeping something else. */
    public LogConfig withRetain(RetainConfig newRetain) {
        return new LogConfig(directory, fsync, segment, buffer, bufferRecords, newRetain);
    }
}
