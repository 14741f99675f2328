package io.solaster.testkit.memory;

import java.util.HashMap;
import java.util.Map;

import io.solaster.engine.memory.SystemMemory;

/** Counts what is taken from the system and not given back, and refuses more when told to. For one thread. */
public final class CountedMemory implements SystemMemory {
    private final Map<Long, Long> allocated = new HashMap<>();
    private final Map<Long, Long> mapped = new HashMap<>();
    private final boolean huge;
    private long allowed = Long.MAX_VALUE;
    private int returns;
    private long longestReturn;
    private long told;

    /** Small pages. */
    public CountedMemory() {
        this(false);
    }

    /** @param huge whether it says that it has huge pages */
    public CountedMemory(boolean huge) {
        this.huge = huge;
    }

    /** From now on so many calls that take memory succeed; {@link Long#MAX_VALUE}, as at first, for all. */
    public void allow(long calls) {
        allowed = calls;
    }

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

    @Override
    public boolean isHuge() {
        return huge;
    }

    @Override
    public void grown(long bytes) {
        told += bytes;
        if (told < 0) {
            throw new AssertionError("less than nothing is taken: " + told + ", after " + bytes);
        }
    }

    /** Blocks and mappings that were taken and not given back. */
    public int outstanding() {
        return allocated.size() + mapped.size();
    }

    /** Mappings among them. */
    public int mappings() {
        return mapped.size();
    }

    /** Bytes that whoever uses this says it takes. */
    public long told() {
        return told;
    }

    /** Calls that gave something back. */
    public int returns() {
        return returns;
    }

    /** The most bytes of a mapping that one call discarded, since this was asked last. */
    public long longestReturn() {
        long longest = longestReturn;
        longestReturn = 0;
        return longest;
    }
}
