package io.solaster.engine.memory;

import java.util.function.Supplier;

import io.solaster.config.Internal;

/** What one shard has of memory to be used again. On the owning shard. */
public final class ShardMemory {
    private final MemoryHome home;

    /** Made by the shard. */
    @Internal
    public ShardMemory(MemoryHome home) {
        this.home = home;
    }

    /**
     * A pool of objects, empty at first. Whoever makes it keeps it.
     *
     * @param name of the pool, for errors
     * @param maker makes an object where none lies ready
     * @param keeps so many objects lie ready at most; what is given back beyond is left to the collector. 1 or more
     */
    public <T> ObjectPool<T> pool(String name, Supplier<? extends T> maker, int keeps) {
        home.assertOwner("the memory");
        return new ObjectPool<>(home, name, maker, keeps, ObjectPool.class.desiredAssertionStatus());
    }
}
