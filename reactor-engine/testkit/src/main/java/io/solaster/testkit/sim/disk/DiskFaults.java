package io.solaster.testkit.sim.disk;

import java.time.Duration;

/**
 * What a disk does to what it is asked for. Immutable.
 *
 * @param delay how long each operation takes
 * @param jitter up to so much longer again, by chance: what is under way at once is done in another order
 * @param bytesPerSecond how many bytes can be read and written in a second; 0 for no bound
 * @param readErrors how likely it is that a read fails with EIO, 0 to 1; so with what asks for names and sizes
 * @param writeErrors how likely it is that a write fails with EIO, a part of it done; so with what changes names and sizes
 * @param syncErrors how likely it is that a sync fails with EIO. What was to be synced is partly lost then, as Linux does it:
 *            it can be read until the crash, and the next sync knows nothing of it
 * @param flips how likely it is that a read finds one bit changed
 */
public record DiskFaults(Duration delay, Duration jitter, long bytesPerSecond, double readErrors, double writeErrors,
        double syncErrors, double flips) {
    /** All goes well, at once. */
    public static final DiskFaults NONE = new DiskFaults(Duration.ZERO, Duration.ZERO, 0, 0, 0, 0, 0);

    public DiskFaults {
        if (delay.isNegative() || jitter.isNegative() || bytesPerSecond < 0) {
            throw new IllegalArgumentException("delay " + delay + ", jitter " + jitter + ", " + bytesPerSecond
                    + " bytes a second; none may be negative");
        }
        for (double likelihood : new double[]{readErrors, writeErrors, syncErrors, flips}) {
            if (!(likelihood >= 0 && likelihood <= 1)) {
                throw new IllegalArgumentException(likelihood + " is no likelihood; give 0 to 1");
            }
        }
    }

    /** The same, slower by so much an operation. */
    public DiskFaults delayed(Duration newDelay) {
        return new DiskFaults(newDelay, jitter, bytesPerSecond, readErrors, writeErrors, syncErrors, flips);
    }

    /** The same, slower by chance. */
    public DiskFaults jittered(Duration newJitter) {
        return new DiskFaults(delay, newJitter, bytesPerSecond, readErrors, writeErrors, syncErrors, flips);
    }

    /** The same, slower by the byte. */
    public DiskFaults throttled(long newBytesPerSecond) {
        return new DiskFaults(delay, jitter, newBytesPerSecond, readErrors, writeErrors, syncErrors, flips);
    }

    /** The same, with reads that fail. */
    public DiskFaults withReadErrors(double likelihood) {
        return new DiskFaults(delay, jitter, bytesPerSecond, likelihood, writeErrors, syncErrors, flips);
    }

    /** The same, with writes that fail. */
    public DiskFaults withWriteErrors(double likelihood) {
        return new DiskFaults(delay, jitter, bytesPerSecond, readErrors, likelihood, syncErrors, flips);
    }

    /** The same, with syncs that fail. */
    public DiskFaults withSyncErrors(double likelihood) {
        return new DiskFaults(delay, jitter, bytesPerSecond, readErrors, writeErrors, likelihood, flips);
    }

    /** The same, with bits that are found changed. */
    public DiskFaults withFlips(double likelihood) {
        return new DiskFaults(delay, jitter, bytesPerSecond, readErrors, writeErrors, syncErrors, likelihood);
    }
}
