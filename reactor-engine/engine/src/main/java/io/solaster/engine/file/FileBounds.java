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
 */
@Internal
public record FileBounds(int depth, long depthBytes, int accepted, long acceptedBytes) {

    public FileBounds {
        if (depth < 1 || depthBytes < 1 || accepted < 1 || acceptedBytes < 1) {
            throw new IllegalArgumentException(
                    depth + " operations of " + depthBytes + " bytes at the disk, " + accepted
                            + " of " + acceptedBytes + " accepted; let there be 1 of each, or more");
        }
    }

    /** Those of a configuration. */
    public static FileBounds of(FilesConfig config) {
        return new FileBounds(config.depth(), config.depthBytes().bytes(), config.queueCapacity(),
                config.queueBytes().bytes());
    }

    /** The same, with no more at the disk than somebody else can take. */
    public FileBounds withDepthAtMost(int most) {
        return new FileBounds(Math.max(1, Math.min(depth, most)), depthBytes, accepted, acceptedBytes);
    }
}
