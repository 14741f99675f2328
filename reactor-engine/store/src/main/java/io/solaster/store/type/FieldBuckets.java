package io.solaster.store.type;

import io.solaster.engine.memory.Memory;

/**
 * Where everything lies in a {@link FieldTable}: the words of its root record, its buckets and the lines and slots of
 * these. It reads only. On the owning shard.
 */
final class FieldBuckets {
    // The root record.
    /** Bytes of it. */
    static final int ROOT = 64;
    static final int BUCKETS = 4;
    static final int COUNT = 8;
    static final int BYTES = 16;
    static final int PAGES = 24; // the only page's address, or the directory's
    static final int ROOM = 32; // buckets in the only page, or addresses in the directory
    static final int SWEEP = 36; // the bucket that expiry goes on with
    static final int EXPIRING = 40;
    static final int EARLIEST = 48; // no field expires before that
    static final int SWEPT_EARLIEST = 56; // and none in the buckets that expiry has been to before that

    static final int LINE_SLOTS = 8;
    static final int LINE = 8 * LINE_SLOTS;
    static final int LAST = LINE - 8;
    static final int PAGE_SHIFT = 6;
    static final int PAGE_BUCKETS = 1 << PAGE_SHIFT;
    static final int FEWEST_BUCKETS = 4;
    static final int MOST_BUCKETS = 1 << 30;
    // A slot: 45 bits of address (nodes are aligned to 8), the bit below, 18 bits of hash. Addresses have 47 bits, so
    // that the sign is free to tell a line's address from a node's.
    static final int ADDRESS_SHIFT = 16;
    static final int TAG_BITS = 18;
    static final long TAG = (1L << TAG_BITS) - 1;
    static final long EXPIRES = 1L << TAG_BITS;
    static final long LINK = Long.MIN_VALUE;

    private FieldBuckets() {}

    static int buckets(long root) {
        return Memory.getInt(root + BUCKETS);
    }

    static long count(long root) {
        return Memory.getLong(root + COUNT);
    }

    static long bytes(long root) {
        return Memory.getLong(root + BYTES);
    }

    static long slot(long node, long h, boolean expires) {
        return node << ADDRESS_SHIFT | (expires ? EXPIRES : 0) | h >>> 64 - TAG_BITS;
    }

    /** Of a node or of a line. */
    static long address(long slot) {
        return (slot & ~LINK) >>> ADDRESS_SHIFT + 3 << 3;
    }

    static int bucketOf(long h, int buckets) {
        int half = Integer.highestOneBit(buckets);
        int bucket = (int) h & 2 * half - 1;
        return bucket < buckets ? bucket : bucket & half - 1;
    }

    /** The first line of a bucket. */
    static long line(long root, int bucket) {
        long pages = Memory.getLong(root + PAGES);
        return Memory.getInt(root + BUCKETS) <= PAGE_BUCKETS
                ? pages + (long) bucket * LINE
                : Memory.getLong(pages + (bucket >>> PAGE_SHIFT << 3)) + (long) (bucket & PAGE_BUCKETS - 1) * LINE;
    }

    /** The address of the field's slot, or 0. */
    static long locate(long root, long h, long field, int length) {
        long tag = h >>> 64 - TAG_BITS;
        long at = line(root, bucketOf(h, buckets(root)));
        long end = at + LINE;
        while (at != end) {
            long slot = Memory.getLong(at);
            if (slot < 0) {
                at = address(slot);
                end = at + LINE;
                continue;
            }
            if (slot == 0) {
                return 0;
            }
            if ((slot & TAG) == tag && FieldNode.holds(address(slot), field, length)) {
                return at;
            }
            at += 8;
        }
        return 0;
    }

    /** How many slots of a bucket are in use. */
    static int slots(long first) {
        int count = 0;
        long line = first;
        long last = Memory.getLong(line + LAST);
        while (last < 0) {
            count += LINE_SLOTS - 1;
            line = address(last);
            last = Memory.getLong(line + LAST);
        }
        long end = line + LAST;
        while (end >= line && Memory.getLong(end) == 0) {
            end -= 8;
        }
        return count + (int) (end - line >> 3) + 1;
    }

    static int lines(long first) {
        int lines = 0;
        for (long last = Memory.getLong(first + LAST); last < 0; last = Memory.getLong(address(last) + LAST)) {
            lines++;
        }
        return lines;
    }
}
