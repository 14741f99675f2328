package io.solaster.engine.memory;

import java.util.function.Supplier;

import io.solaster.config.Internal;
import io.solaster.engine.os.NodeBinding;

/**
 * What one shard has of memory: pools of what is used again, memory outside the heap on its NUMA node, and its part in the
 * budget. On the owning shard.
 */
public final class ShardMemory {
    private final MemoryHome home;
    private final ShardBudget budget;
    private final NodeBinding binding;
    private final boolean huge;

    /**
     * Made by the shard.
     *
     * @param huge whether what is mapped shall lie in huge pages
     */
    @Internal
    public ShardMemory(MemoryHome home, MemoryBudget budget, NodeBinding binding, boolean huge) {
        this.home = home;
        this.budget = new ShardBudget(home, budget);
        this.binding = binding;
        this.huge = huge;
    }

    /** This shard's part in the budget of all. Any thread, which may then ask it what any thread may. */
    public ShardBudget budget() {
        return budget;
    }

    /**
     * Memory from the system for {@link Slabs} and their like: on the shard's NUMA node, and in huge pages, as
     * {@code solaster.engine.memory} has it, and charged to an account.
     *
     * @param account by its name: see {@link ShardBudget#account}
     */
    public SystemMemory system(String account) {
        home.assertOwner("the memory");
        return new BoundMemory(binding, huge, budget.account(account));
    }

    /** What binds memory to a NUMA node, or says why not. */
    @Internal
    public NodeBinding binding() {
        return binding;
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
