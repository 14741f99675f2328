package io.solaster.store.type;

import io.solaster.engine.memory.Memory;

/**
 * One field of a {@link FieldTable} with its value, or one member of a set: a byte of flags, the lengths, the time at
 * which it expires if it has one, the field's bytes, the value's. A node is an address, valid until the table is changed.
 * On the owning shard.
 */
public final class FieldNode {
    /** The length of the value of a field that has none, as the members of sets. */
    public static final int NO_VALUE = -1;

    private static final int EXPIRES = 1;
    private static final int LONG = 1 << 1; // lengths are of four bytes, not one
    private static final int VALUE = 1 << 2;
    private static final int LARGE = 1 << 3;
    private static final int SHORT_MOST = 0xFF;

    private FieldNode() {}

    private static int flags(long node) {
        return Memory.getByte(node);
    }

    static int flags(int fieldLength, int valueLength, boolean expires) {
        return (expires ? EXPIRES : 0) | (valueLength == NO_VALUE ? 0 : VALUE)
                | (fieldLength > SHORT_MOST || valueLength > SHORT_MOST ? LONG : 0);
    }

    private static int head(int flags) {
        int length = (flags & LONG) == 0 ? 1 : 4;
        return 1 + ((flags & VALUE) == 0 ? length : 2 * length) + ((flags & EXPIRES) == 0 ? 0 : 8);
    }

    private static int length(long node, int flags, int which) {
        return (flags & LONG) == 0 ? Memory.getByte(node + 1 + which) & 0xFF : Memory.getInt(node + 1 + 4L * which);
    }

    /** Bytes that a node takes up. */
    static long bytes(int flags, int fieldLength, int valueLength) {
        return (long) head(flags) + fieldLength + Math.max(0, valueLength);
    }

    /** Writes all of a node but its value. */
    static void write(long node, int flags, boolean large, long field, int fieldLength, int valueLength, long expiry) {
        Memory.putByte(node, (byte) (large ? flags | LARGE : flags));
        lengths(node, flags, fieldLength, valueLength);
        int head = head(flags);
        if ((flags & EXPIRES) != 0) {
            Memory.putLong(node + head - 8, expiry);
        }
        Memory.copy(field, node + head, fieldLength);
    }

    static void lengths(long node, int flags, int fieldLength, int valueLength) {
        if ((flags & LONG) != 0) {
            Memory.putInt(node + 1, fieldLength);
            if ((flags & VALUE) != 0) {
                Memory.putInt(node + 5, valueLength);
            }
        } else {
            Memory.putByte(node + 1, (byte) fieldLength);
            if ((flags & VALUE) != 0) {
                Memory.putByte(node + 2, (byte) valueLength);
            }
        }
    }

    /** Whether a node of these flags looks as this one, but for the bytes themselves. */
    static boolean isLike(long node, int flags) {
        return (flags(node) & ~LARGE) == flags;
    }

    /** Whether the node is a block of those that {@link io.solaster.engine.memory.Slabs} treat apart. */
    static boolean isLarge(long node) {
        return (flags(node) & LARGE) != 0;
    }

    /** Sets when a node expires that does. */
    static void expiry(long node, long expiry) {
        Memory.putLong(node + head(flags(node)) - 8, expiry);
    }

    static boolean holds(long node, long field, int fieldLength) {
        int flags = flags(node);
        return length(node, flags, 0) == fieldLength && Memory.equal(node + head(flags), field, fieldLength);
    }

    public static int fieldLength(long node) {
        return length(node, flags(node), 0);
    }

    public static long fieldAddress(long node) {
        return node + head(flags(node));
    }

    /** {@link #NO_VALUE} where there is none. */
    public static int valueLength(long node) {
        int flags = flags(node);
        return (flags & VALUE) == 0 ? NO_VALUE : length(node, flags, 1);
    }

    public static long valueAddress(long node) {
        int flags = flags(node);
        return node + head(flags) + length(node, flags, 0);
    }

    /** Unix milliseconds; 0 for never. */
    public static long expiry(long node) {
        int flags = flags(node);
        return (flags & EXPIRES) == 0 ? 0 : Memory.getLong(node + head(flags) - 8);
    }
}
