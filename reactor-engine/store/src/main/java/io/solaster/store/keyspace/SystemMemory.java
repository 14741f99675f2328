package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;

/** Where a keyspace's memory comes from; an interface so that tests can count it and let it run out. */
interface SystemMemory {
    SystemMemory SYSTEM = new SystemMemory() {
        @Override
        public long allocate(long bytes) {
            return Memory.allocate(bytes);
        }

        @Override
        public void free(long address) {
            Memory.free(address);
        }

        @Override
        public long map(long bytes) {
            return Memory.map(bytes);
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

    /** As {@link Memory#free}. */
    void free(long address);

    /** As {@link Memory#map}. */
    long map(long bytes);

    /** As {@link Memory#unmap}. */
    boolean unmap(long address, long bytes);

    /** As {@link Memory#discard}. */
    void discard(long address, long bytes);
}
