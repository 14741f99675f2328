package io.solaster.store.keyspace;

import java.util.HashMap;
import java.util.Map;

/** Counts what is taken and not given back, and refuses when told to. */
final class CountedMemory implements SystemMemory {
    private final Map<Long, Long> allocated = new HashMap<>();
    private final Map<Long, Long> mapped = new HashMap<>();
    /** Calls that still succeed. */
    long allowed = Long.MAX_VALUE;
    /** Calls that gave something back, and the most bytes that one of them made the kernel take. */
    int returns;
    long longestReturn;

    @Override
    public long allocate(long bytes) {
        take(bytes);
        long address = SYSTEM.allocate(bytes);
        allocated.put(address, bytes);
        return address;
    }

    @Override
    public void free(long address) {
        Long was = allocated.remove(address);
        if (was == null) {
            throw new AssertionError("freed twice or never allocated: " + address);
        }
        returns++;
        SYSTEM.free(address);
    }

    @Override
    public long map(long bytes) {
        take(bytes);
        long address = SYSTEM.map(bytes);
        mapped.put(address, bytes);
        return address;
    }

    @Override
    public boolean unmap(long address, long bytes) {
        Long was = mapped.remove(address);
        if (was == null || was != bytes) {
            throw new AssertionError("unmapped " + bytes + ", mapped " + was);
        }
        returns++;
        return SYSTEM.unmap(address, bytes);
    }

    @Override
    public void discard(long address, long bytes) {
        returns++;
        longestReturn = Math.max(longestReturn, bytes);
        SYSTEM.discard(address, bytes);
    }

    private void take(long bytes) {
        if (allowed <= 0) {
            throw new OutOfMemoryError("refused " + bytes + " bytes for the test");
        }
        allowed--;
    }

    int outstanding() {
        return allocated.size() + mapped.size();
    }

    int mappings() {
        return mapped.size();
    }
}
