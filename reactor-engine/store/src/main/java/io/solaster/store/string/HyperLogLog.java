package io.solaster.store.string;

import io.solaster.engine.memory.Memory;

/**
 * HyperLogLog in the form that Redis keeps in a string, so that either reads what the other has written: 16 bytes of
 * header (HYLL, the encoding, the number last counted), then 16,384 registers, dense with six bits each or sparse as runs:
 * {@code 00xxxxxx} of zeros, {@code 01xxxxxx xxxxxxxx} of many zeros, {@code 1vvvvvxx} of a value. Counted as Otmar Ertl
 * does (New cardinality estimation algorithms for HyperLogLog sketches, arXiv:1702.01284). By address; a value that is
 * damaged is never read or written beyond its length.
 */
public final class HyperLogLog {
    /** How long a value without elements is. */
    public static final int EMPTY_LENGTH = 18;
    /** How long a dense value is, always. */
    public static final int DENSE_LENGTH = 16 + 16_384 * 6 / 8;
    /** How many bytes {@link #add} may need behind a sparse value. */
    public static final int ROOM = 3;
    /** {@link #add}: nothing has changed. */
    public static final int SAME = 0;
    /** {@link #add} and {@link #toDense}: the value is damaged. */
    public static final int DAMAGED = -1;
    /** {@link #add}: the value must become dense first. */
    public static final int TOO_LONG = -2;

    private static final int MAGIC = 0x4c4c5948; // HYLL
    private static final int ENCODING = 4;
    private static final int CARDINALITY = 8;
    private static final int HEADER = 16;
    private static final int DENSE = 0;
    private static final int SPARSE = 1;
    /** How many there are. */
    public static final int REGISTERS = 16_384;
    /** A longer value is damaged: no run takes more than two bytes. */
    public static final int MAX_LENGTH = HEADER + 2 * REGISTERS;
    private static final int INDEX_BITS = 14;
    private static final int RANKS = 64 - INDEX_BITS;
    private static final int MAX_SPARSE_VALUE = 32;
    private static final int MAX_VALUE_RUN = 4;
    private static final int MAX_ZERO_RUN = 64;
    private static final double ALPHA = 0.7213475204444817;
    /** In the highest byte of the cardinality: it must be counted anew. */
    private static final int STALE = 0x80;

    private HyperLogLog() {}

    /** Whether these bytes are one, by header and length. */
    public static boolean isOne(long address, int length) {
        if (length < HEADER || Memory.littleEndian(Memory.getInt(address)) != MAGIC) {
            return false;
        }
        int encoding = Memory.getByte(address + ENCODING) & 0xff;
        return encoding == SPARSE || encoding == DENSE && length == DENSE_LENGTH;
    }

    /** Writes {@link #EMPTY_LENGTH} bytes. */
    public static void create(long address) {
        Memory.fill(address, HEADER, (byte) 0);
        Memory.putInt(address, Memory.littleEndian(MAGIC));
        Memory.putByte(address + ENCODING, (byte) SPARSE);
        zeros(address + HEADER, REGISTERS);
    }

    /** A register of a dense value. */
    public static int register(long address, int index) {
        return dense(address + HEADER, index);
    }

    /** Writes {@link #DENSE_LENGTH} bytes: a dense value without elements. */
    public static void createDense(long address) {
        Memory.fill(address, DENSE_LENGTH, (byte) 0);
        Memory.putInt(address, Memory.littleEndian(MAGIC));
    }

    /** Says that the number of elements must be counted. */
    public static void stale(long address) {
        long at = address + CARDINALITY + 7;
        Memory.putByte(at, (byte) (Memory.getByte(at) | STALE));
    }

    public static boolean isDense(long address) {
        return Memory.getByte(address + ENCODING) == DENSE;
    }

    /** The number of elements, as it was kept; -1 if it must be counted. */
    public static long kept(long address) {
        return (Memory.getByte(address + CARDINALITY + 7) & STALE) != 0
                ? -1
                : Memory.littleEndian(Memory.getLong(address + CARDINALITY));
    }

    public static void keep(long address, long cardinality) {
        Memory.putLong(address + CARDINALITY, Memory.littleEndian(cardinality));
    }

    /**
     * Adds an element.
     *
     * @param hash of the element, by {@link #hash}
     * @param longest bytes of a value that is not dense
     * @return how long the value is now; {@link #SAME}, {@link #DAMAGED}, or {@link #TOO_LONG} if nothing was written
     */
    public static int add(long address, int length, long hash, int longest) {
        int rank = Long.numberOfTrailingZeros(hash >>> INDEX_BITS | 1L << RANKS) + 1;
        return raise(address, length, (int) hash & REGISTERS - 1, rank, longest);
    }

    /** Raises one register, as {@link #add} does. */
    public static int raise(long address, int length, int index, int rank, int longest) {
        int added;
        if (isDense(address)) {
            added = raise(address + HEADER, index, rank) ? length : SAME;
        } else {
            added = rank > MAX_SPARSE_VALUE ? TOO_LONG : addSparse(address, length, index, rank, longest);
        }
        if (added > 0) {
            stale(address);
        }
        return added;
    }

    // ---- dense

    private static int dense(long registers, int index) {
        int bit = index * 6;
        long at = registers + (bit >>> 3);
        int shift = bit & 7;
        int low = (Memory.getByte(at) & 0xff) >>> shift;
        return (shift > 2 ? low | Memory.getByte(at + 1) << 8 - shift : low) & 0x3f;
    }

    private static boolean raise(long registers, int index, int value) {
        if (dense(registers, index) >= value) {
            return false;
        }
        int bit = index * 6;
        long at = registers + (bit >>> 3);
        int shift = bit & 7;
        Memory.putByte(at, (byte) (Memory.getByte(at) & ~(0x3f << shift) | value << shift));
        if (shift > 2) {
            Memory.putByte(at + 1, (byte) (Memory.getByte(at + 1) & ~(0x3f >>> 8 - shift) | value >>> 8 - shift));
        }
        return true;
    }

    /**
     * Writes a sparse value as a dense one, of {@link #DENSE_LENGTH} bytes.
     *
     * @return that length, or {@link #DAMAGED}
     */
    public static int toDense(long address, int length, long to) {
        Memory.fill(to, DENSE_LENGTH, (byte) 0);
        Memory.copy(address, to, HEADER);
        Memory.putByte(to + ENCODING, (byte) DENSE);
        return merge(address, length, to) ? DENSE_LENGTH : DAMAGED;
    }

    /** Raises the registers of a dense value to those of another value; false if that one is damaged. */
    public static boolean merge(long address, int length, long dense) {
        if (isDense(address)) {
            for (int i = 0; i < REGISTERS; i++) {
                raise(dense + HEADER, i, dense(address + HEADER, i));
            }
            stale(dense);
            return true;
        }
        long end = address + length;
        int index = 0;
        for (long at = address + HEADER; at < end; at += bytes(at)) {
            int run = run(at, end);
            if (run == 0 || run > REGISTERS - index) {
                return false;
            }
            if (isValue(at)) {
                for (int i = 0; i < run; i++) {
                    raise(dense + HEADER, index + i, value(at));
                }
            }
            index += run;
        }
        return index == REGISTERS;
    }

    // ---- sparse

    private static boolean isValue(long at) {
        return (Memory.getByte(at) & 0x80) != 0;
    }

    private static boolean isLongZero(long at) {
        return (Memory.getByte(at) & 0xc0) == 0x40;
    }

    private static int bytes(long at) {
        return isLongZero(at) ? 2 : 1;
    }

    private static int value(long at) {
        return (Memory.getByte(at) >>> 2 & 0x1f) + 1;
    }

    /** How many registers a run is of; 0 if it is cut short. */
    private static int run(long at, long end) {
        int first = Memory.getByte(at);
        if (isValue(at)) {
            return (first & 3) + 1;
        }
        if (!isLongZero(at)) {
            return (first & 0x3f) + 1;
        }
        return at + 1 == end ? 0 : ((first & 0x3f) << 8 | Memory.getByte(at + 1) & 0xff) + 1;
    }

    private static long values(long at, int value, int run) {
        Memory.putByte(at, (byte) (value - 1 << 2 | run - 1 | 0x80));
        return at + 1;
    }

    private static long zeros(long at, int run) {
        if (run <= MAX_ZERO_RUN) {
            Memory.putByte(at, (byte) (run - 1));
            return at + 1;
        }
        Memory.putByte(at, (byte) (run - 1 >>> 8 | 0x40));
        Memory.putByte(at + 1, (byte) (run - 1));
        return at + 2;
    }

    private static int addSparse(long address, int length, int index, int rank, int longest) {
        long end = address + length;
        long before = address + HEADER;
        long at = before;
        int first = 0;
        int run = 0;
        while (at < end) {
            run = run(at, end);
            if (run == 0) {
                return DAMAGED;
            }
            if (index < first + run) {
                break;
            }
            before = at;
            at += bytes(at);
            first += run;
        }
        if (at >= end) {
            return DAMAGED;
        }
        boolean isValue = isValue(at);
        int old = isValue ? value(at) : 0;
        if (old >= rank) {
            return SAME;
        }
        long newEnd = end;
        if (run == 1) {
            values(at, rank, 1);
        } else {
            int oldBytes = bytes(at);
            int ahead = index - first;
            int behind = first + run - 1 - index;
            int more = 1 + size(isValue, ahead) + size(isValue, behind) - oldBytes;
            if (more > 0 && length + more > longest) {
                return TOO_LONG;
            }
            long next = at + oldBytes;
            if (more != 0) {
                Memory.copy(next, next + more, end - next);
            }
            newEnd += more;
            long to = part(at, isValue, old, ahead);
            part(values(to, rank, 1), isValue, old, behind);
        }
        return (int) (joined(before, newEnd) - address);
    }

    private static int size(boolean isValue, int run) {
        return run == 0 ? 0 : !isValue && run > MAX_ZERO_RUN ? 2 : 1;
    }

    private static long part(long at, boolean isValue, int value, int run) {
        return run == 0 ? at : isValue ? values(at, value, run) : zeros(at, run);
    }

    /** Joins runs of one value that now stand side by side, among the first five; where the value ends then. */
    private static long joined(long from, long end) {
        long newEnd = end;
        long at = from;
        for (int looks = 0; at < newEnd && looks < 5; looks++) {
            if (isValue(at) && at + 1 < newEnd && isValue(at + 1) && value(at) == value(at + 1)) {
                int run = run(at, newEnd) + run(at + 1, newEnd);
                if (run <= MAX_VALUE_RUN) {
                    values(at + 1, value(at), run);
                    Memory.copy(at + 1, at, newEnd - at - 1);
                    newEnd--;
                    continue;
                }
            }
            at += bytes(at);
        }
        return newEnd;
    }

    // ---- counting

    /** About how many elements there are; -1 if the value is damaged. */
    public static long count(long address, int length) {
        int[] ranks = new int[64];
        if (isDense(address)) {
            for (int i = 0; i < REGISTERS; i++) {
                ranks[dense(address + HEADER, i)]++;
            }
        } else {
            long end = address + length;
            int index = 0;
            for (long at = address + HEADER; at < end; at += bytes(at)) {
                int run = run(at, end);
                if (run == 0) {
                    return -1;
                }
                ranks[isValue(at) ? value(at) : 0] += run;
                index += run;
            }
            if (index != REGISTERS) {
                return -1;
            }
        }
        double z = REGISTERS * tau((REGISTERS - ranks[RANKS + 1]) / (double) REGISTERS);
        for (int i = RANKS; i >= 1; i--) {
            z += ranks[i];
            z *= 0.5;
        }
        z += REGISTERS * sigma(ranks[0] / (double) REGISTERS);
        return Math.round(ALPHA * REGISTERS * REGISTERS / z);
    }

    private static double sigma(double of) {
        if (of == 1) {
            return Double.POSITIVE_INFINITY;
        }
        double x = of;
        double y = 1;
        double z = x;
        double before;
        do {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        } while (before != z);
        return z;
    }

    private static double tau(double of) {
        if (of == 0 || of == 1) {
            return 0;
        }
        double x = of;
        double y = 1;
        double z = 1 - x;
        double before;
        do {
            x = Math.sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        } while (before != z);
        return z / 3;
    }

    /** An element's hash: Austin Appleby's MurmurHash64A with Redis's seed. */
    public static long hash(long address, int length) {
        long multiplier = 0xc6a4a7935bd1e995L;
        long hash = 0xadc83b19L ^ length * multiplier;
        int words = length & ~7;
        for (int i = 0; i < words; i += 8) {
            long k = Memory.littleEndian(Memory.getLong(address + i)) * multiplier;
            k ^= k >>> 47;
            hash = (hash ^ k * multiplier) * multiplier;
        }
        if (words < length) {
            for (int i = length - 1; i >= words; i--) {
                hash ^= (Memory.getByte(address + i) & 0xffL) << 8 * (i - words);
            }
            hash *= multiplier;
        }
        hash ^= hash >>> 47;
        hash *= multiplier;
        return hash ^ hash >>> 47;
    }
}
