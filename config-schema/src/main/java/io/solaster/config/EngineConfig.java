package io.solaster.config;

import java.time.Duration;

import jakarta.validation.Valid;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The shards and how they run.
 *
 * @param shards how many shards: a number, or 'auto' for one per physical core
 * @param smt whether each hardware thread of a core gets a shard of its own
 * @param pinning whether each shard's thread is bound to its CPU
 * @param housekeeping CPUs that no shard runs on: 'auto', 'none', or a Linux CPU list such as '0-1'
 * @param transport how sockets are served
 * @param idle what a shard does when nothing is left to do
 * @param taskQuota how long tasks run before the loop looks at sockets again
 * @param mesh the lanes between shards
 * @param offload the threads for work that blocks
 * @param checks how eagerly a shard's state is guarded against other threads
 * @param shutdownTimeout how long connections may drain before the shards stop
 */
public record EngineConfig(@DefaultValue("auto") ShardCount shards, @DefaultValue("false") boolean smt,
        @DefaultValue("auto") Pinning pinning, @DefaultValue("auto") Housekeeping housekeeping,
        @DefaultValue("auto") Transport transport, @Valid @DefaultValue IdleConfig idle,
        @DefaultValue("500us") Duration taskQuota, @Valid @DefaultValue MeshConfig mesh,
        @Valid @DefaultValue OffloadConfig offload, @DefaultValue("assert") OwnerChecks checks,
        @DefaultValue("20s") Duration shutdownTimeout) {

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
