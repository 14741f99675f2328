package io.solaster.engine.memory;

import io.solaster.engine.os.NodeBinding;

/** The system's memory as one user on one shard has it: on the shard's NUMA node, in huge pages, and in an account. */
final class BoundMemory implements SystemMemory {
    private final NodeBinding binding;
    private final boolean huge;
    private final MemoryAccount account;

    BoundMemory(NodeBinding binding, boolean huge, MemoryAccount account) {
        this.binding = binding;
        this.huge = huge;
        this.account = account;
    }

    @Override
    public long allocate(long bytes) {
        return SYSTEM.allocate(bytes);
    }

    @Override
    public long allocateZero(long bytes) {
        return SYSTEM.allocateZero(bytes);
    }

    @Override
    public void free(long address) {
        SYSTEM.free(address);
    }

    @Override
    public long map(long bytes) {
        long address = SYSTEM.map(bytes);
        // Before the first touch, which decides.
        binding.bind(address, bytes);
        if (huge) {
            // Where the kernel refuses, small pages serve as well.
            boolean ignored = Memory.adviseHuge(address, bytes);
        }
        return address;
    }

    @Override
    public boolean unmap(long address, long bytes) {
        return SYSTEM.unmap(address, bytes);
    }

    @Override
    public void discard(long address, long bytes) {
        SYSTEM.discard(address, bytes);
    }

    @Override
    public boolean isHuge() {
        return huge;
    }

    @Override
    public void grown(long bytes) {
        if (bytes >= 0) {
            account.add(bytes);
        } else {
            account.give(-bytes);
        }
    }
}
