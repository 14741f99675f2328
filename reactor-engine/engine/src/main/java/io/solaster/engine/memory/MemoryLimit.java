package io.solaster.engine.memory;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.internal.PlatformDependent;
import io.solaster.config.Internal;
import io.solaster.config.MemoryConfig;
import io.solaster.config.plan.Machine;

/** How much memory there is outside the heap, and what Netty takes of it. */
@Internal
public final class MemoryLimit {
    /** Classes, compiled code, collector, threads. */
    private static final long PROCESS = 96 << 20;

    private MemoryLimit() {}

    /** The budget of an engine. */
    public static MemoryBudget budget(MemoryConfig config, Machine machine, int shards) {
        long limit = config.limit().bytes() > 0
                ? config.limit().bytes()
                : beside(Runtime.getRuntime().maxMemory(), machine);
        return new MemoryBudget(limit, config.pressureAt(), shards, MemoryLimit::buffers);
    }

    /** What a machine, or the container on it, has beside the heap; a quarter of it where the heap leaves less. */
    static long beside(long heap, Machine machine) {
        long machines = machine.numaNodes().stream().mapToLong(Machine.NumaNode::memory).sum();
        long all = Math.min(machine.memoryLimit().orElse(Long.MAX_VALUE), machines > 0 ? machines : Long.MAX_VALUE);
        return Math.max(all - heap - PROCESS, all / 4);
    }

    /** Bytes outside the heap that Netty has taken for buffers, of all engines. Any thread. */
    public static long buffers() {
        // One counter, where Netty counts; what is pooled and idle is taken as well.
        long counted = PlatformDependent.usedDirectMemory();
        return counted >= 0 ? counted : used(ByteBufAllocator.DEFAULT) + pooled();
    }

    private static long used(ByteBufAllocator allocator) {
        return allocator instanceof ByteBufAllocatorMetricProvider provider ? provider.metric().usedDirectMemory() : 0;
    }

    private static long pooled() {
        return ByteBufAllocator.DEFAULT instanceof AdaptiveByteBufAllocator ? used(PooledByteBufAllocator.DEFAULT) : 0;
    }
}
