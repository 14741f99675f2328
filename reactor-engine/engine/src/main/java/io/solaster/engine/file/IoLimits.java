package io.solaster.engine.file;

import java.util.concurrent.TimeUnit;

import io.solaster.config.FileLimitsConfig;
import io.solaster.config.Internal;
import io.solaster.config.value.ByteSize;

/**
 * What a disk is asked for at most: each read and write takes a part of its time, and there is no more of that than there is. As
 * Seastar's io-properties. Any thread.
 *
 * @param nanosPerRead what a read costs besides its bytes; 0 for nothing
 * @param nanosPerReadByte what each of its bytes costs
 * @param nanosPerWrite as for a read
 * @param nanosPerWriteByte as for a read
 */
@Internal
public record IoLimits(double nanosPerRead, double nanosPerReadByte, double nanosPerWrite, double nanosPerWriteByte) {
    /** The disk gives what it has. */
    public static final IoLimits NONE = new IoLimits(0, 0, 0, 0);

    private static final double SECOND = TimeUnit.SECONDS.toNanos(1);

    /**
     * Those of a configuration.
     *
     * @param shards among which they are divided
     */
    static IoLimits of(FileLimitsConfig config, int shards) {
        return new IoLimits(nanos(config.readsPerSecond(), shards), nanos(config.readBytesPerSecond(), shards),
                nanos(config.writesPerSecond(), shards), nanos(config.writeBytesPerSecond(), shards));
    }

    private static double nanos(ByteSize perSecond, int shards) {
        return nanos(perSecond.bytes(), shards);
    }

    private static double nanos(long perSecond, int shards) {
        return perSecond == 0 ? 0 : shards * SECOND / perSecond;
    }

    /** Whether anything costs anything. */
    boolean areNone() {
        return equals(NONE);
    }

    /** Nanoseconds that an operation takes of the disk. */
    long cost(boolean reads, int bytes) {
        return (long) (reads
                ? nanosPerRead + bytes * nanosPerReadByte
                : nanosPerWrite + bytes * nanosPerWriteByte);
    }
}
