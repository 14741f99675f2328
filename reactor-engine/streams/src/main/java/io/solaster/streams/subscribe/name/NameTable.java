package io.solaster.streams.subscribe.name;

import java.util.Arrays;
import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;

/**
 * Names off the heap, each of a kind, and a number for each by which arrays say more of it. A number is used again once its name
 * is removed. Nobody can choose names that collide. On the owning shard.
 */
public final class NameTable implements AutoCloseable {
    /** No name's number. */
    public static final int NONE = -1;
    private static final int LEAST = 16;

    private final SystemMemory memory;
    private final long seed;
    private final long factor;
    private IntIndex index = new IntIndex();
    private long[] addresses = new long[LEAST];
    private int[] lengths = new int[LEAST];
    private int[] hashes = new int[LEAST];
    private byte[] kinds = new byte[LEAST];
    /** Numbers were given out below this; those that are free again are linked by their lengths. */
    private int used;
    private int free = NONE;
    private long bytes;

    /**
     * @param memory where names lie; what they take is told to it
     * @param secrets what makes hashes that nobody can foresee
     */
    public NameTable(SystemMemory memory, RandomGenerator secrets) {
        this.memory = memory;
        this.seed = secrets.nextLong();
        this.factor = secrets.nextLong() | 1;
    }

    /** Names that are there. */
    public int size() {
        return index.size();
    }

    /** Bytes of all names. */
    public long bytes() {
        return bytes;
    }

    /** Numbers are below this. */
    public int capacity() {
        return addresses.length;
    }

    /** The number of a name, or {@link #NONE}. */
    public int find(int kind, long name, int length) {
        return find(kind, name, length, hash(kind, name, length));
    }

    private int find(int kind, long name, int length, int hash) {
        for (int place = index.first(hash); index.at(place) != IntIndex.NONE; place = index.next(place)) {
            if (index.hashAt(place) == hash) {
                int id = index.at(place);
                if (lengths[id] == length && kinds[id] == kind && Memory.equal(addresses[id], name, (long) length)) {
                    return id;
                }
            }
        }
        return NONE;
    }

    /** The number of a name, which is added if it is not there. */
    public int add(int kind, long name, int length) {
        int hash = hash(kind, name, length);
        int found = find(kind, name, length, hash);
        if (found != NONE) {
            return found;
        }
        long block = memory.allocate(Math.max(1, length));
        Memory.copy(name, block, length);
        memory.grown(length);
        bytes += length;
        int id = takeNumber();
        addresses[id] = block;
        lengths[id] = length;
        hashes[id] = hash;
        kinds[id] = (byte) kind;
        index.add(hash, id);
        return id;
    }

    private int takeNumber() {
        int id = free;
        if (id != NONE) {
            free = lengths[id];
            return id;
        }
        if (used == addresses.length) {
            int capacity = used * 2;
            addresses = Arrays.copyOf(addresses, capacity);
            lengths = Arrays.copyOf(lengths, capacity);
            hashes = Arrays.copyOf(hashes, capacity);
            kinds = Arrays.copyOf(kinds, capacity);
        }
        return used++;
    }

    /** Removes a name that is there. */
    public void remove(int id) {
        index.remove(hashes[id], id);
        memory.free(addresses[id]);
        memory.grown(-lengths[id]);
        bytes -= lengths[id];
        addresses[id] = 0;
        lengths[id] = free;
        free = id;
    }

    /** Whether a number is a name's now; for who goes through all numbers below {@link #capacity}. */
    public boolean exists(int id) {
        return addresses[id] != 0;
    }

    public long address(int id) {
        return addresses[id];
    }

    public int length(int id) {
        return lengths[id];
    }

    public int kind(int id) {
        return kinds[id];
    }

    private int hash(int kind, long name, int length) {
        return (int) key(kind, name, length);
    }

    /** What stands for a name of a kind, here alone: two names with one key are not to be found. */
    public long key(int kind, long name, int length) {
        long hash = seed + kind * 0x9E3779B97F4A7C15L + length;
        int at = 0;
        for (; at + 8 <= length; at += 8) {
            hash = fold(hash ^ Memory.getLong(name + at));
        }
        long rest = 0;
        for (; at < length; at++) {
            rest = rest << 8 | Memory.getByte(name + at) & 0xff;
        }
        return fold(fold(hash ^ rest) + seed);
    }

    private long fold(long value) {
        return Math.unsignedMultiplyHigh(value, factor) ^ value * factor;
    }

    /** Gives the memory back; no name is there any more, and none is added. */
    @Override
    public void close() {
        index = new IntIndex();
        for (int id = 0; id < used; id++) {
            if (addresses[id] != 0) {
                memory.free(addresses[id]);
                addresses[id] = 0;
            }
        }
        memory.grown(-bytes);
        bytes = 0;
    }
}
