package io.solaster.store.script;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;

/**
 * The memory of one state of Lua, with a limit that holds at each allocation: what would exceed it is refused, and Lua says "not
 * enough memory". All of it can be taken back at once. On the owning shard.
 *
 * <p>
 * While Java runs within Lua nothing may be refused, since Lua would jump over frames of Java then, or end the process. So there is a
 * reserve: addresses, no memory until they are used. Where the system has no memory then, blocks come from there, and the state
 * {@link #isRefused() is to be dropped}: what runs in it ends with an error. The reserve is used up from its beginning to its end.
 */
final class LuaHeap implements AutoCloseable {
    /** What is said of an error, beyond what Java makes at once, which never exceeds the limit. */
    private static final long SLACK = 2 << 20;

    private final SystemMemory system;
    private final Slabs slabs;
    private final long limit;
    private long used;
    private boolean bounded;
    private long reserve;
    private long nextReserved;
    private boolean refused;

    /** @param limit bytes that code of scripts may come to use */
    LuaHeap(SystemMemory system, long limit) {
        this.system = system;
        this.slabs = new Slabs(system);
        this.limit = limit;
    }

    /** Bytes in use. */
    long used() {
        return used;
    }

    long limit() {
        return limit;
    }

    /** Whether the limit holds; it does while code of scripts runs, and not while Java runs within it. */
    void bounded(boolean yes) {
        bounded = yes;
    }

    /** Whether there is room for so many bytes more. */
    boolean hasRoom(long bytes) {
        return !refused && used + bytes <= limit;
    }

    /** Makes it ready for a state. Throws {@link OutOfMemoryError} where the system has no addresses. */
    void open() {
        if (reserve == 0) {
            reserve = system.map(limit + SLACK);
            nextReserved = reserve;
        }
    }

    /** Whether the system had no memory while Java ran within Lua: the state is to be dropped. */
    boolean isRefused() {
        return refused;
    }

    /**
     * What Lua calls for all of its memory: makes a block, makes one larger or smaller, or frees one. Never throws.
     *
     * @return 0 if that is refused; to make a block smaller is not
     */
    long reallocate(long context, long block, long oldBytes, long newBytes) {
        try {
            if (newBytes == 0) {
                if (block != 0) {
                    free(block, oldBytes);
                }
                used -= oldBytes;
                return 0;
            }
            if (newBytes > oldBytes && bounded && used + newBytes - oldBytes > limit) {
                return 0;
            }
            long result = resized(block, oldBytes, newBytes);
            used += newBytes - oldBytes;
            return result;
        } catch (Throwable none) {
            return bounded && newBytes > oldBytes ? 0 : fromReserve(block, oldBytes, newBytes);
        }
    }

    private long resized(long block, long oldBytes, long newBytes) {
        if (block == 0) {
            return slabs.allocate(newBytes);
        }
        boolean wasLarge = Slabs.large(oldBytes);
        if (wasLarge == Slabs.large(newBytes) && !isReserved(block)) {
            long capacity = wasLarge ? Slabs.largeCapacity(block) : slabs.capacity(block);
            if (newBytes <= capacity && newBytes >= capacity >>> 1) {
                return block;
            }
        }
        long moved = slabs.allocate(newBytes);
        Memory.copy(block, moved, Math.min(oldBytes, newBytes));
        free(block, oldBytes);
        return moved;
    }

    private void free(long block, long bytes) {
        if (isReserved(block)) {
            return;
        }
        if (Slabs.large(bytes)) {
            slabs.freeLarge(block);
        } else {
            slabs.free(block);
        }
    }

    private boolean isReserved(long block) {
        return refused && block >= reserve && block < nextReserved;
    }

    /** Nothing can be made of it that throws. */
    private long fromReserve(long block, long oldBytes, long newBytes) {
        long size = newBytes + Long.BYTES - 1 & -Long.BYTES;
        if (reserve == 0 || nextReserved + size > reserve + limit + SLACK) {
            return 0;
        }
        refused = true;
        long moved = nextReserved;
        nextReserved += size;
        if (block != 0) {
            Memory.copy(block, moved, Math.min(oldBytes, newBytes));
            free(block, oldBytes);
        }
        used += newBytes - oldBytes;
        return moved;
    }

    /** Takes everything back: no block may be used any more. The memory is used again, or goes back piece by piece. */
    void drop() {
        slabs.drop();
        used = 0;
        if (refused) {
            refused = false;
            system.discard(reserve, nextReserved - reserve);
            nextReserved = reserve;
        }
    }

    /** Gives memory back to the system that is not in use; whether there may be more. */
    boolean release(long bytes) {
        return slabs.release(bytes);
    }

    @Override
    public void close() {
        used = 0;
        refused = false;
        slabs.close();
        if (reserve != 0 && system.unmap(reserve, limit + SLACK)) {
            reserve = 0;
        }
    }
}
