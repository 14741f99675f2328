package io.solaster.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.config.value.Housekeeping;
import io.solaster.config.value.Reloadable;
import io.solaster.config.value.ShardCount;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The shards and how they run.
 *
 * @param shards how many shards: a number, or 'auto' for one per physical core
 * @param smt whether each hardware thread of a core gets a shard of its own
 * @param pinning whether each shard's thread is bound to its CPU; 'auto' unless a CFS quota is below the CPUs
 * @param housekeeping CPUs that no shard runs on: 'auto', 'none', or a Linux CPU list such as '0-1'
 * @param transport how sockets are served; 'auto' takes the first that the machine allows
 * @param idle what a shard does when nothing is left to do
 * @param taskQuota how long tasks run before the loop looks at sockets again
 * @param mesh the lanes between shards
 * @param offload the threads for work that blocks
 * @param files files on shards
 * @param memory memory outside the heap
 * @param checks how eagerly a shard's state is guarded against other threads
 * @param shutdownTimeout how long connections may drain before the shards stop
 * @param groups scheduling groups by name: the four that are always there, and further ones
 * @param stalls what is told of tasks that hold a shard for too long
 */
public record EngineConfig(@DefaultValue("auto") ShardCount shards, @DefaultValue("false") boolean smt,
        @DefaultValue("auto") Pinning pinning, @DefaultValue("auto") Housekeeping housekeeping,
        @DefaultValue("auto") Transport transport,
        @Reloadable @NestedConfigurationProperty @DefaultValue IdleConfig idle,
        @Reloadable @DefaultValue("500us") Duration taskQuota,
        @NestedConfigurationProperty @DefaultValue MeshConfig mesh,
        @NestedConfigurationProperty @DefaultValue OffloadConfig offload,
        @NestedConfigurationProperty @DefaultValue FilesConfig files,
        @NestedConfigurationProperty @DefaultValue MemoryConfig memory,
        @DefaultValue("assert") OwnerChecks checks,
        @Reloadable @DefaultValue("20s") Duration shutdownTimeout,
        @Reloadable @DefaultValue Map<String, GroupConfig> groups,
        @NestedConfigurationProperty @DefaultValue StallConfig stalls) {

    public EngineConfig {
        groups = Collections.unmodifiableMap(new LinkedHashMap<>(groups));
    }

    /** What an empty configuration gives. */
    public static EngineConfig defaults() {
        return new EngineConfig(ShardCount.AUTO, false, Pinning.AUTO, Housekeeping.AUTO, Transport.AUTO,
                IdleConfig.defaults(), Duration.ofNanos(500_000), MeshConfig.defaults(), OffloadConfig.defaults(),
                FilesConfig.defaults(), MemoryConfig.defaults(), OwnerChecks.ASSERT, Duration.ofSeconds(20), Map.of(),
                StallConfig.defaults());
    }

    /**
     * This with a number of shards.
     *
     * @throws IllegalArgumentException if it is below 0; 0 stands for 'auto'
     */
    public EngineConfig withShards(int newShards) {
        return new EngineConfig(new ShardCount(newShards), smt, pinning, housekeeping, transport, idle, taskQuota, mesh,
                offload, files, memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with or without a shard for each hardware thread. */
    public EngineConfig withSmt(boolean newSmt) {
        return new EngineConfig(shards, newSmt, pinning, housekeeping, transport, idle, taskQuota, mesh, offload, files,
                memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with another choice of pinning. */
    public EngineConfig withPinning(Pinning newPinning) {
        return new EngineConfig(shards, smt, newPinning, housekeeping, transport, idle, taskQuota, mesh, offload, files,
                memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with another transport. */
    public EngineConfig withTransport(Transport newTransport) {
        return new EngineConfig(shards, smt, pinning, housekeeping, newTransport, idle, taskQuota, mesh, offload, files,
                memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with other bounds for files. */
    public EngineConfig withFiles(FilesConfig newFiles) {
        return new EngineConfig(shards, smt, pinning, housekeeping, transport, idle, taskQuota, mesh, offload, newFiles,
                memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with another way to idle. */
    public EngineConfig withIdle(IdleConfig newIdle) {
        return new EngineConfig(shards, smt, pinning, housekeeping, transport, newIdle, taskQuota, mesh, offload, files,
                memory,
                checks, shutdownTimeout, groups, stalls);
    }

    /** This with another time to drain. */
    public EngineConfig withShutdownTimeout(Duration newShutdownTimeout) {
        return new EngineConfig(shards, smt, pinning, housekeeping, transport, idle, taskQuota, mesh, offload, files,
                memory,
                checks,
                newShutdownTimeout, groups, stalls);
    }

    /** This with other scheduling groups. */
    public EngineConfig withGroups(Map<String, GroupConfig> newGroups) {
        return new EngineConfig(shards, smt, pinning, housekeeping, transport, idle, taskQuota, mesh, offload, files,
                memory,
                checks,
                shutdownTimeout, newGroups, stalls);
    }

    /** Whether each shard's thread is bound to its CPU. */
    public enum Pinning {
        /** Where the CPUs are really there to have: no CFS quota below them, and affinity may be set. */
        AUTO,
        /** Always; start fails where it is refused. */
        ALWAYS,
        /** Never; the scheduler of the kernel places the threads. */
        NEVER
    }

    /** How sockets are served. */
    public enum Transport {
        /** The first that this machine allows, in the order that the engine's README measures. */
        AUTO,
        /** Linux io_uring. */
        IO_URING,
        /** Linux epoll. */
        EPOLL,
        /** The JDK's selector, on any system. */
        NIO
    }

    /** How eagerly a shard's state is guarded against other threads. */
    public enum OwnerChecks {
        /** Not at all. */
        OFF,
        /** Where state is handed out, once per batch of work. */
        ASSERT,
        /** At every operation. */
        FULL
    }
}
