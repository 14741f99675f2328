package io.solaster.config;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Files on shards. What a scheduling group asks for waits in a queue of its own; the groups take turns at the disk by their
 * shares, counted in operations and bytes.
 *
 * @param access how a shard reaches the disk: 'auto' takes an io_uring of its own where the transport is epoll or io_uring
 *            and the kernel allows it, else the threads of offload.file-threads; 'threads' takes those always
 * @param depth how many operations of a shard the disk has at once, at most; one group leaves a quarter of it to the others
 * @param depthBytes how many bytes of a shard are being read and written at once; what is larger goes alone
 * @param queueCapacity how many operations one group may have waiting and under way on a shard
 * @param queueBytes how many bytes they may be reading and writing
 * @param limits what the disk is asked for at most, in a second
 * @param latencyGoal how long a read or a write may take at the disk on average: a shard has fewer of them there at once, below
 *            depth, while they take longer; 0 for no goal
 */
public record FilesConfig(@DefaultValue("auto") Access access,
        @DefaultValue("128") @Range(min = 1, max = 4096) int depth, @DefaultValue("4MB") ByteSize depthBytes,
        @DefaultValue("1024") @Range(min = 1, max = 1 << 20) int queueCapacity,
        @DefaultValue("16MB") ByteSize queueBytes,
        @NestedConfigurationProperty @DefaultValue FileLimitsConfig limits,
        @DefaultValue("0") Duration latencyGoal) {

    /** What an empty configuration gives. */
    public static FilesConfig defaults() {
        return new FilesConfig(Access.AUTO, 128, new ByteSize(4 << 20), 1024, new ByteSize(16 << 20),
                FileLimitsConfig.defaults(), Duration.ZERO);
    }

    /** This with another way to the disk. */
    public FilesConfig withAccess(Access newAccess) {
        return new FilesConfig(newAccess, depth, depthBytes, queueCapacity, queueBytes, limits, latencyGoal);
    }

    /** How a shard reaches the disk. */
    public enum Access {
        /** By its own io_uring where that is the transport, else by threads. */
        AUTO,
        /** By the threads for files, off the shards. */
        THREADS
    }
}
