package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;

/**
 * A segment of the table: a line of counts, then {@link #BUCKETS} buckets of {@link #BUCKET_SLOTS} slots. A bucket is one
 * cache line, a slot 8 bytes: the entry's address, whether it expires, and 18 bits of its hash, the <em>tag</em>. The tag
 * alone gives the home bucket, so that only splitting reads keys. A full bucket overflows to the next one; a bucket's
 * slots are packed to its front, and a removal pulls an overflowed slot back, so that no tombstones build up and a
 * look-up ends at the first bucket that has room. By address, on the owning shard.
 */
final class Segment {
    static final int BUCKETS = 62; // sixteen segments and a page's header make up a page
    static final int BUCKET_SLOTS = 8;
    static final int SLOTS = BUCKETS * BUCKET_SLOTS;
    static final int LINE = 64;
    static final int BYTES = LINE * (1 + BUCKETS);

    // The first line.
    private static final int COUNT = 0;
    private static final int EXPIRING = 4;

    // A slot: 45 bits of address (entries are aligned to 8), the bit below, 18 bits of tag.
    private static final int TAG_BITS = 18;
    private static final long TAG = (1L << TAG_BITS) - 1;
    private static final long EXPIRES = 1L << TAG_BITS;
    private static final int ADDRESS_SHIFT = 16;

    private Segment() {}

    static int count(long segment) {
        return Memory.getInt(segment + COUNT);
    }

    static int expiring(long segment) {
        return Memory.getInt(segment + EXPIRING);
    }

    static void add(long segment, int keys, int expiring) {
        Memory.putInt(segment + COUNT, count(segment) + keys);
        if (expiring != 0) {
            Memory.putInt(segment + EXPIRING, expiring(segment) + expiring);
        }
    }

    static void counts(long segment, int keys, int expiring) {
        Memory.putInt(segment + COUNT, keys);
        Memory.putInt(segment + EXPIRING, expiring);
    }

    static void clear(long segment) {
        Memory.fill(segment, BYTES, (byte) 0);
    }

    static long bucket(long segment, int bucket) {
        return segment + (long) LINE * (1 + bucket);
    }

    static int next(int bucket) {
        return bucket + 1 == BUCKETS ? 0 : bucket + 1;
    }

    /** The bucket that a slot, or a hash, belongs to. */
    static int home(long slot) {
        return (int) (((slot & TAG) * BUCKETS) >>> TAG_BITS);
    }

    private static boolean full(long line) {
        return Memory.getLong(line + LINE - 8) != 0;
    }

    // ---- slots

    static long entry(long slot) {
        return slot >>> (TAG_BITS + 1) << 3;
    }

    /** A slot for a key with this hash. */
    static long slot(long entry, long hash, boolean expires) {
        return entry << ADDRESS_SHIFT | (hash & TAG) | (expires ? EXPIRES : 0);
    }

    /** The same slot for another entry of the same key. */
    static long moved(long slot, long entry) {
        return entry << ADDRESS_SHIFT | (slot & (TAG | EXPIRES));
    }

    static boolean expires(long slot) {
        return (slot & EXPIRES) != 0;
    }

    /** Whether a slot may be that of a hash. */
    static boolean sameTag(long slot, long h) {
        return ((slot ^ h) & TAG) == 0;
    }

    static long toggled(long slot) {
        return slot ^ EXPIRES;
    }

    // ---- look-ups and changes

    /** The address of the key's slot, or 0. */
    static long locate(long segment, long h, long key, int keyLength) {
        int bucket = home(h);
        for (int probes = 0; probes < BUCKETS; probes++) {
            long line = bucket(segment, bucket);
            for (long at = line; at < line + LINE; at += 8) {
                long slot = Memory.getLong(at);
                if (((slot ^ h) & TAG) == 0 && slot != 0 && Entries.holds(entry(slot), key, keyLength)) {
                    return at;
                }
            }
            if (!full(line)) {
                return 0;
            }
            bucket = next(bucket);
        }
        return 0;
    }

    /** Puts a slot in the first bucket from its home on that has room; the segment must have some. */
    static long put(long segment, long slot) {
        int bucket = home(slot);
        long line = bucket(segment, bucket);
        while (full(line)) {
            bucket = next(bucket);
            line = bucket(segment, bucket);
        }
        long at = line;
        while (Memory.getLong(at) != 0) {
            at += 8;
        }
        Memory.putLong(at, slot);
        return at;
    }

    /** The address of a bucket's first slot that is due, from one of them on, or 0. */
    static long dueIn(long bucket, int from, long now) {
        for (long at = bucket + 8L * from; at < bucket + LINE; at += 8) {
            long slot = Memory.getLong(at);
            if (expires(slot) && Entries.isDue(entry(slot), now)) {
                return at;
            }
        }
        return 0;
    }

    /** Visits all entries whose home is a bucket. */
    static void visitHome(long segment, int home, Keyspace.EntryVisitor visitor) {
        int bucket = home;
        for (int probes = 0; probes < BUCKETS; probes++) {
            long line = bucket(segment, bucket);
            for (long at = line; at < line + LINE; at += 8) {
                long slot = Memory.getLong(at);
                if (slot != 0 && home(slot) == home) {
                    visitor.visit(entry(slot));
                }
            }
            if (!full(line)) {
                return;
            }
            bucket = next(bucket);
        }
    }

    /** Visits all entries. */
    static void visitAll(long segment, Keyspace.EntryVisitor visitor) {
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            long line = bucket(segment, bucket);
            for (long at = line; at < line + LINE && Memory.getLong(at) != 0; at += 8) {
                visitor.visit(entry(Memory.getLong(at)));
            }
        }
    }

    /** One of the slots in use, by its number among them. */
    static long nth(long segment, int n) {
        int left = n;
        for (int bucket = 0;; bucket++) {
            long line = bucket(segment, bucket);
            for (long at = line; at < line + LINE && Memory.getLong(at) != 0; at += 8) {
                if (left-- == 0) {
                    return Memory.getLong(at);
                }
            }
        }
    }

    /** The address of the slot of an entry; 0 if that is in another database. */
    static long slotOf(long segment, long h, long entry) {
        int bucket = home(h);
        for (int probes = 0; probes < BUCKETS; probes++) {
            long line = bucket(segment, bucket);
            for (long at = line; at < line + LINE; at += 8) {
                if (entry(Memory.getLong(at)) == entry) {
                    return at;
                }
            }
            if (!full(line)) {
                return 0;
            }
            bucket = next(bucket);
        }
        return 0;
    }

    /** Empties a slot. */
    static void closeGap(long segment, long gap) {
        long line = gap & -LINE;
        long last = takeLast(line, gap);
        int bucket = (int) ((line - segment) / LINE) - 1;
        // A full bucket may have turned keys away: the next one that could live here comes back, and leaves a gap too.
        int candidate = bucket;
        while (last == line + LINE - 8) {
            candidate = next(candidate);
            if (candidate == bucket) {
                return;
            }
            long from = bucket(segment, candidate);
            int distance = distance(bucket, candidate);
            long at = from;
            while (at < from + LINE && (Memory.getLong(at) == 0
                    || distance(home(Memory.getLong(at)), candidate) < distance)) {
                at += 8;
            }
            if (at < from + LINE) {
                Memory.putLong(last, Memory.getLong(at));
                line = from;
                bucket = candidate;
                last = takeLast(line, at);
            } else if (!full(from)) {
                return;
            }
        }
    }

    /** Moves a bucket's last slot to the gap; returns the address that it had. */
    private static long takeLast(long line, long gap) {
        long last = line + LINE - 8;
        while (Memory.getLong(last) == 0) {
            last -= 8;
        }
        Memory.putLong(gap, Memory.getLong(last));
        Memory.putLong(last, 0);
        return last;
    }

    private static int distance(int from, int to) {
        return to >= from ? to - from : to - from + BUCKETS;
    }
}
