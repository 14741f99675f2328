package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * The entries of one keyspace. Each is one block: header word, expiry if it has had one, key length if it is over 2047,
 * key, value. Of the header 30 bits are the value's length, 4 the type, 4 say what the block holds, 11 are the key's
 * length, and 15 are the access clock, which tells eviction how recently or how often the key was used, and which an
 * entry keeps when it is moved or its value changes. On the owning shard.
 */
final class Entries {
    private static final long VALUE_LENGTH = (1L << 30) - 1;
    private static final int TYPE_SHIFT = 30;
    private static final long TYPE = 15L << TYPE_SHIFT;
    private static final long HAS_EXPIRY = 1L << 34;
    private static final long HAS_KEY_LENGTH = 1L << 35;
    private static final long LARGE = 1L << 36;
    private static final int KEY_LENGTH_SHIFT = 37;
    private static final int CLOCK_SHIFT = 48;
    private static final long CLOCK = (1L << 15) - 1 << CLOCK_SHIFT;
    private static final long IN_USE = 1L << 63; // in a free block the first word is an address, or 0
    private static final int SHORT_KEY = (1 << 11) - 1;
    /** The most room to grow that a value gets: it has to be cleared where a value is extended by zeros. */
    private static final int MOST_SPARE = 32 << 20;
    /** What another entry of the same key and value has of the header. */
    private static final long KEPT = TYPE | CLOCK;

    private final Slabs slabs;

    Entries(Slabs slabs) {
        this.slabs = slabs;
    }

    /**
     * Keeps an entry's bytes as they are, whatever becomes of the key, until it is let go as often.
     *
     * @return false if it shares its memory with others: then nothing was done
     */
    boolean hold(long entry) {
        if ((Memory.getLong(entry) & LARGE) == 0) {
            return false;
        }
        slabs.holdLarge(entry);
        return true;
    }

    void letGo(long entry) {
        slabs.letGoLarge(entry);
    }

    static boolean isHeld(long entry) {
        return isHeld(entry, Memory.getLong(entry));
    }

    private static boolean isHeld(long entry, long header) {
        return (header & LARGE) != 0 && Slabs.isHeldLarge(entry);
    }

    /** Whether a block of the slabs is an entry, or free. */
    static boolean isEntry(long block) {
        return (Memory.getLong(block) & IN_USE) != 0;
    }

    static int type(long entry) {
        return (int) ((Memory.getLong(entry) & TYPE) >>> TYPE_SHIFT);
    }

    /** The access clock, for {@link AccessClock}. */
    static int clock(long entry) {
        return (int) (Memory.getLong(entry) >>> CLOCK_SHIFT) & (1 << 15) - 1;
    }

    static void clock(long entry, int clock) {
        Memory.putLong(entry, Memory.getLong(entry) & ~CLOCK | (long) clock << CLOCK_SHIFT);
    }

    static boolean isLarge(long entry) {
        return (Memory.getLong(entry) & LARGE) != 0;
    }

    /** Whether an entry's value was zero when its block was handed out. */
    static boolean wasZero(long entry) {
        return isLarge(entry) && Slabs.largeCapacity(entry) >= Slabs.ZERO_FROM;
    }

    static long valueAddress(long entry) {
        long header = Memory.getLong(entry);
        return entry + keyOffset(header) + keyLength(entry, header);
    }

    static int valueLength(long entry) {
        return valueLengthOf(Memory.getLong(entry));
    }

    static long keyAddress(long entry) {
        return entry + keyOffset(Memory.getLong(entry));
    }

    static int keyLength(long entry) {
        return keyLength(entry, Memory.getLong(entry));
    }

    static long expiry(long entry) {
        return (Memory.getLong(entry) & HAS_EXPIRY) == 0 ? 0 : Memory.getLong(entry + 8);
    }

    /** Whether an entry that has had an expiry lies before a time. */
    static boolean isDue(long entry, long now) {
        return Memory.getLong(entry + 8) < now;
    }

    static long hash(long entry, long header, KeyspaceHash hash) {
        return hash.hash(entry + keyOffset(header), keyLength(entry, header));
    }

    static boolean holds(long entry, long key, int keyLength) {
        long header = Memory.getLong(entry);
        return keyLength(entry, header) == keyLength && Memory.equal(entry + keyOffset(header), key, keyLength);
    }

    private static int valueLengthOf(long header) {
        return (int) (header & VALUE_LENGTH);
    }

    private static int keyOffset(long header) {
        return 8 + ((int) (header >>> 31) & 8) + ((int) (header >>> 32) & 8);
    }

    private static int keyLength(long entry, long header) {
        return (header & HAS_KEY_LENGTH) == 0
                ? (int) (header >>> KEY_LENGTH_SHIFT) & SHORT_KEY
                : Memory.getInt(entry + keyOffset(header) - 8);
    }

    /** Bytes of an entry's block. */
    long blockBytes(long entry) {
        return capacity(entry, Memory.getLong(entry));
    }

    private long capacity(long entry, long header) {
        return (header & LARGE) != 0 ? Slabs.largeCapacity(entry) : slabs.capacity(entry);
    }

    /** Whether so many bytes can take an entry's place and leave no more than an eighth of it empty. */
    private boolean fits(long entry, long header, long bytes) {
        long capacity = capacity(entry, header);
        return bytes <= capacity && bytes >= capacity - capacity / 8;
    }

    /** A block with all of an entry but its value. */
    long create(long key, int keyLength, int type, int clock, int valueLength, long expiry) {
        long kept = (long) type << TYPE_SHIFT | (long) clock << CLOCK_SHIFT;
        return create(key, keyLength, kept, valueLength, expiry, 0);
    }

    /** @param kept type and access clock, as in a header */
    private long create(long key, int keyLength, long kept, int valueLength, long expiry, int spare) {
        long header = IN_USE | kept | valueLength;
        if (expiry != 0) {
            header |= HAS_EXPIRY;
        }
        header |= keyLength > SHORT_KEY ? HAS_KEY_LENGTH : (long) keyLength << KEY_LENGTH_SHIFT;
        long bytes = keyOffset(header) + (long) keyLength + valueLength + spare;
        long entry = slabs.allocate(bytes);
        if (Slabs.large(bytes)) {
            header |= LARGE;
        }
        Memory.putLong(entry, header);
        if (expiry != 0) {
            Memory.putLong(entry + 8, expiry);
        }
        long to = entry + keyOffset(header);
        if (keyLength > SHORT_KEY) {
            Memory.putLong(to - 8, keyLength);
        }
        Memory.copy(key, to, keyLength);
        return entry;
    }

    /**
     * Makes an entry's value one of another type and length, which the caller writes, with this expiry.
     *
     * @return whether that was possible in place, without wasting much of the block
     */
    boolean renew(long entry, int keyLength, int type, int valueLength, long expiry) {
        long header = Memory.getLong(entry);
        long expiryRoom = expiry == 0 ? header & HAS_EXPIRY : HAS_EXPIRY;
        if (expiryRoom != (header & HAS_EXPIRY) || isHeld(entry, header) || (valueLength != valueLengthOf(header)
                && !fits(entry, header, keyOffset(header) + (long) keyLength + valueLength))) {
            return false;
        }
        Memory.putLong(entry, (header & ~(VALUE_LENGTH | TYPE)) | (long) type << TYPE_SHIFT | valueLength);
        if (expiryRoom != 0) {
            Memory.putLong(entry + 8, expiry);
        }
        return true;
    }

    /**
     * Gives an entry's value another length: what both have in common is kept.
     *
     * @return the entry, or another one in its place; then the caller frees this one
     */
    long resize(long old, long key, int keyLength, int valueLength) {
        long header = Memory.getLong(old);
        int oldLength = valueLengthOf(header);
        long bytes = keyOffset(header) + (long) keyLength + valueLength;
        long capacity = valueLength == oldLength ? bytes : capacity(old, header);
        if (bytes <= capacity && bytes >= capacity / 2 && !isHeld(old, header)) {
            Memory.putLong(old, (header & ~VALUE_LENGTH) | valueLength);
            return old;
        }
        // Short values take a size class more each time, which is cheap; longer ones would be copied once a class.
        int spare = valueLength > oldLength && oldLength >= 64 ? Math.min(oldLength / 2, MOST_SPARE) : 0;
        long entry;
        try {
            entry = create(key, keyLength, header & KEPT, valueLength, expiry(old), spare);
        } catch (OutOfMemoryError e) {
            if (bytes > capacity || isHeld(old, header)) {
                throw e;
            }
            // Less takes another block as well: it stays in the one that is too long.
            Memory.putLong(old, (header & ~VALUE_LENGTH) | valueLength);
            return old;
        }
        Memory.copy(valueAddress(old), valueAddress(entry), Math.min(oldLength, valueLength));
        return entry;
    }

    /**
     * Sets an entry's expiry; 0 for none.
     *
     * @return the entry, or another one in its place; then the caller frees this one
     */
    long expire(long old, int keyLength, long expiry) {
        long entry = old;
        long header = Memory.getLong(old);
        if ((header & HAS_EXPIRY) == 0) {
            if (expiry == 0) {
                return old;
            }
            int valueLength = valueLengthOf(header);
            long bytes = keyOffset(header) + (long) keyLength + valueLength;
            if (bytes + 8 <= capacity(old, header) && !isHeld(old, header)) {
                Memory.copy(old + 8, old + 16, bytes - 8);
                Memory.putLong(old, header | HAS_EXPIRY);
            } else {
                entry = create(keyAddress(old), keyLength, header & KEPT, valueLength, expiry, 0);
                Memory.copy(valueAddress(old), valueAddress(entry), valueLength);
            }
        }
        Memory.putLong(entry + 8, expiry);
        return entry;
    }

    void free(long entry) {
        if ((Memory.getLong(entry) & LARGE) != 0) {
            slabs.freeLarge(entry);
        } else {
            slabs.free(entry);
        }
    }
}
