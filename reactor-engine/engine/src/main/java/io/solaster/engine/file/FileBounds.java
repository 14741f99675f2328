package io.solaster.engine.file;

import io.solaster.config.FilesConfig;
import io.solaster.config.Internal;

/**
 * How much of files may be going on at once on one shard.
 *
 * @param depth operations that the disk has, 1 or more
 * @param depthBytes bytes that are being read and written, 1 or more; an operation of more goes alone
 * @param accepted operations of one group that wait or are under way, 1 or more
 * @param acceptedBytes bytes of theirs, 1 or more; an operation of more is let in alone
 * @param limits what the disk is asked for in a time
 * @param latencyGoal nanoseconds that a read or a write may take at the disk on average; 0 for no goal
 */
@Internal
public record FileBounds(int depth, long depthBytes, int accepted, long acceptedBytes, IoLimits limits,
        long latencyGoal) {

    public FileBounds {
        if (depth < 1 || depthBytes < 1 || accepted < 1 || acceptedBytes < 1) {
            throw new IllegalArgumentException(
                    depth + " operations of " + depthBytes + " bytes at the disk, " + accepted
                            + " of " + acceptedBytes + " accepted; let there be 1 of each, or more");
        }
    }

    /** Without limits, and without a goal. */
    public FileBounds(int depth, long depthBytes, int accepted, long acceptedBytes) {
        this(depth, depthBytes, accepted, acceptedBytes, IoLimits.NONE, 0);
    }

    /**
     * Those of a configuration.
     *
     * @param shards of the engine
     */
    public static FileBounds of(FilesConfig config, int shards) {
        return new FileBounds(config.depth(), config.depthBytes().bytes(), config.queueCapacity(),
                config.queueBytes().bytes(), IoLimits.of(config.limits(), shards), config.latencyGoal().toNanos());
    }

    /** The same, with no more at the disk than somebody else can take. */
    public FileBounds withDepthAtMost(int most) {
        return new FileBounds(Math.max(1, Math.min(depth, most)), depthBytes, accepted, acceptedBytes, limits,
                latencyGoal);
    }
}
