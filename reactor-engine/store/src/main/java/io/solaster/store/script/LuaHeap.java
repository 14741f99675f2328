package io.solaster.store.script;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;

/**
 * The memory of one state of Lua, with a limit that holds at each allocation: what would exceed it is refused, and Lua says "not
 * enough memory". All of it can be taken back at once. On the owning shard.
 */
final class LuaHeap implements AutoCloseable {
    private final Slabs slabs;
    private final long limit;
    private long used;
    private boolean bounded;

    /** @param limit bytes that code of scripts may come to use */
    LuaHeap(SystemMemory system, long limit) {
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
        return used + bytes <= limit;
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
            long result = block == 0 ? slabs.allocate(newBytes) : resized(block, oldBytes, newBytes);
            used += newBytes - oldBytes;
            return result;
        } catch (Throwable refused) {
            return 0;
        }
    }

    private long resized(long block, long oldBytes, long newBytes) {
        boolean wasLarge = Slabs.large(oldBytes);
        if (wasLarge == Slabs.large(newBytes)) {
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
        if (Slabs.large(bytes)) {
            slabs.freeLarge(block);
        } else {
            slabs.free(block);
        }
    }

    /** Takes everything back: no block may be used any more. The memory is used again, or goes back piece by piece. */
    void drop() {
        slabs.drop();
        used = 0;
    }

    /** Gives memory back to the system that is not in use; whether there may be more. */
    boolean release(long bytes) {
        return slabs.release(bytes);
    }

    @Override
    public void close() {
        used = 0;
        slabs.close();
    }
}
