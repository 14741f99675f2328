package io.solaster.engine.memory;

/**
 * Where {@link Slabs} and their like get memory from; an interface so that tests can count what is taken, and let it run
 * out. On the shard that the memory belongs to.
 */
public interface SystemMemory {
    /** What {@code map} aligns to: the size of a huge page. */
    long ALIGNMENT = 2 << 20;

    /** The system as it is, for code without a shard: bound to no NUMA node, and in no account. Any thread. */
    SystemMemory SYSTEM = new SystemMemory() {
        @Override
        public long allocate(long bytes) {
            return Memory.allocate(bytes);
        }

        @Override
        public long allocateZero(long bytes) {
            return Memory.allocateZero(bytes);
        }

        @Override
        public void free(long address) {
            Memory.free(address);
        }

        @Override
        public long map(long bytes) {
            return Memory.map(bytes, ALIGNMENT);
        }

        @Override
        public boolean unmap(long address, long bytes) {
            return Memory.unmap(address, bytes);
        }

        @Override
        public void discard(long address, long bytes) {
            Memory.discard(address, bytes);
        }
    };

    /** As {@link Memory#allocate}. */
    long allocate(long bytes);

    /** As {@link Memory#allocateZero}. */
    default long allocateZero(long bytes) {
        long address = allocate(bytes);
        Memory.fill(address, bytes, (byte) 0);
        return address;
    }

    /** As {@link Memory#free}. */
    void free(long address);

    /** As {@link Memory#map(long, long)}, aligned to {@link #ALIGNMENT}. */
    long map(long bytes);

    /** As {@link Memory#unmap}. */
    boolean unmap(long address, long bytes);

    /** As {@link Memory#discard}. */
    void discard(long address, long bytes);

    /** Whether what is mapped is made resident by huge pages, so that it is best discarded by those. */
    default boolean isHuge() {
        return false;
    }

    /**
     * Tells that whoever uses this has come to take more memory, or less: for an account of it.
     *
     * @param bytes more than before; negative if it is less
     */
    default void grown(long bytes) {}
}
