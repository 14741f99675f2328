package io.solaster.store.keyspace;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.memory.SystemMemory;

/**
 * Which segment holds the keys of a hash: the hash's top bits index an array of segments, which share bits of it.
 *
 * <p>
 * Nothing grows all at once. A segment that is 87 % full splits in two, about 20 us for its 432 keys; two sparse
 * neighbours merge, without their keys being read. The directory's double is prepared a few words at a time with the
 * inserts that follow the first split to full depth, and is ready long before it is needed. The directory shrinks only
 * once the keyspace is empty: till then it holds 8 to 32 bytes for each segment of the peak. On the owning shard.
 */
final class Directory {
    static final int SPLIT_AT = Segment.SLOTS * 7 / 8 - 2;
    static final int MAX_DEPTH = 32; // what a scan cursor has room for
    private static final int MERGE_BELOW = Segment.SLOTS / 8;
    /** How long the directory may become beyond what its segments need: more would only follow a hash without spread. */
    private static final int MAX_SPARE_WORDS = 1 << 16;
    private static final int BITS = Segment.LINE - 1;

    private final SystemMemory system;
    private final Slabs slabs;
    private final KeyspaceHash hash;
    private final long root; // the two words of the smallest directory, always at hand
    // What a split works with.
    private final long[] moving = new long[Segment.SLOTS + 1];
    private final long[] headers = new long[Segment.SLOTS];
    private final int[] sides = new int[Segment.SLOTS];
    private final byte[] filled = new byte[2 * Segment.BUCKETS];

    private long words; // each a segment's address | how many bits of hash its keys share
    private int depth; // there are 2^depth words; at least 2
    private long standby; // a directory of twice the length, or 0
    private long standbyCopied; // words of this directory that the standby already has
    private long segments;
    private long told; // what the system was told that is used

    Directory(SystemMemory system, Slabs slabs, KeyspaceHash hash) {
        this.system = system;
        this.slabs = slabs;
        this.hash = hash;
        root = system.allocate(16);
        try {
            start();
        } catch (OutOfMemoryError e) {
            system.free(root);
            throw e;
        }
    }

    private void start() {
        long segment = newSegment();
        words = root;
        depth = 1;
        Memory.putLong(root, segment);
        Memory.putLong(root + 8, segment);
        tell(used());
    }

    long segments() {
        return segments;
    }

    int depth() {
        return depth;
    }

    /** Bytes taken from the system, those of segments aside. */
    long used() {
        return (8L << depth) + (standby == 0 ? 0 : 16L << depth);
    }

    private void tell(long now) {
        if (now != told) {
            system.grown(now - told);
            told = now;
        }
    }

    /** The segment of a hash, and how many bits of it the segment's keys share: {@link #bits} of the word. */
    long word(long h) {
        return Memory.getLong(words + (h >>> -depth << 3));
    }

    static int bits(long word) {
        return (int) word & BITS;
    }

    /** The first hash after those that share so many bits with this one; 0 if there is none. */
    static long after(long h, int bits) {
        return bits == 0 ? 0 : ((h >>> -bits) + 1) << -bits;
    }

    static long segmentOf(long word) {
        return word & -Segment.LINE;
    }

    long segment(long h) {
        return segmentOf(word(h));
    }

    private long newSegment() {
        long segment = slabs.allocate(Segment.BYTES);
        Segment.clear(segment);
        segments++;
        return segment;
    }

    /** The segment for one more key with this hash. */
    long roomFor(long h) {
        if (standby != 0 && standbyCopied >>> depth == 0) {
            copyToStandby(64);
        }
        while (true) {
            long word = word(h);
            long segment = segmentOf(word);
            int count = Segment.count(segment);
            if (count < SPLIT_AT) {
                return segment;
            }
            if (!split(h, segment, bits(word))) {
                if (count == Segment.SLOTS) {
                    throw new IllegalStateException(
                            Segment.SLOTS + " keys share their hash's first bits: the hash is broken");
                }
                return segment;
            }
        }
    }

    private boolean split(long h, long segment, int bits) {
        if (bits == depth) {
            if (depth == MAX_DEPTH || 2L << depth > MAX_SPARE_WORDS + 64 * segments) {
                return false;
            }
            doubleWords();
        }
        long upper = newSegment();
        deal(segment, upper, bits);
        long bit = Long.MIN_VALUE >>> bits;
        point(h & ~bit, bits + 1, segment);
        point(h | bit, bits + 1, upper);
        if (bits + 1 == depth && standby == 0) {
            try {
                prepareStandby();
            } catch (OutOfMemoryError e) {
                // Not needed yet; whoever needs it asks again.
                return true;
            }
        }
        return true;
    }

    /** Leaves a segment the keys whose next bit of hash is 0, and gives the others to a new one. */
    private void deal(long segment, long upper, int bits) {
        int count = 0;
        for (long at = segment + Segment.LINE; at < segment + Segment.BYTES; at += 8) {
            long slot = Memory.getLong(at);
            moving[count] = slot;
            count += slot == 0 ? 0 : 1;
        }
        // A pass of its own, and without a branch that is hard to predict: many of these cache misses overlap.
        for (int i = 0; i < count; i++) {
            headers[i] = Memory.getLong(Segment.entry(moving[i]));
        }
        for (int i = 0; i < count; i++) {
            sides[i] = (int) (Entries.hash(Segment.entry(moving[i]), headers[i], hash) << bits >>> 63);
        }
        Segment.clear(segment);
        Arrays.fill(filled, (byte) 0);
        int uppers = 0;
        int expiring = 0;
        int uppersExpiring = 0;
        long apart = upper - segment;
        for (int i = 0; i < count; i++) {
            long slot = moving[i];
            int side = sides[i];
            int bucket = Segment.home(slot);
            while (filled[side * Segment.BUCKETS + bucket] == Segment.BUCKET_SLOTS) {
                bucket = Segment.next(bucket);
            }
            int index = filled[side * Segment.BUCKETS + bucket]++;
            Memory.putLong(Segment.bucket(segment + side * apart, bucket) + index * 8L, slot);
            int expires = Segment.expires(slot) ? 1 : 0;
            uppers += side;
            expiring += expires;
            uppersExpiring += expires & side;
        }
        Segment.counts(segment, count - uppers, expiring - uppersExpiring);
        Segment.counts(upper, uppers, uppersExpiring);
    }

    /**
     * To be told that a key of a hash was removed: joins the hash's segment with its neighbour, and that with the next,
     * while both are sparse.
     */
    void removed(long h, boolean empty) {
        if (Segment.count(segment(h)) < MERGE_BELOW) {
            merge(h);
            if (empty && segments == 1 && words != root) {
                shrink();
            }
        }
    }

    private void merge(long h) {
        while (true) {
            long word = word(h);
            int bits = bits(word);
            if (bits == 0) {
                return;
            }
            long bit = Long.MIN_VALUE >>> (bits - 1);
            long neighbour = word(h ^ bit);
            long from = segmentOf(neighbour);
            long to = segmentOf(word);
            if (bits(neighbour) != bits || Segment.count(from) >= MERGE_BELOW || Segment.count(to) >= MERGE_BELOW) {
                return;
            }
            for (long at = from + Segment.LINE; at < from + Segment.BYTES; at += 8) {
                long slot = Memory.getLong(at);
                if (slot != 0) {
                    Segment.put(to, slot);
                }
            }
            Segment.add(to, Segment.count(from), Segment.expiring(from));
            point(h, bits - 1, to);
            slabs.free(from);
            segments--;
        }
    }

    private void shrink() {
        long segment = segment(0);
        releaseWords();
        words = root;
        depth = 1;
        Memory.putLong(root, segment);
        Memory.putLong(root + 8, segment);
        tell(used());
    }

    /** Lets all hashes that share so many bits with this one lead to the segment. */
    private void point(long h, int bits, long segment) {
        long count = 1L << (depth - bits);
        long first = bits == 0 ? 0 : (h >>> -bits) * count;
        fill(words + (first << 3), count, segment | bits);
        if (standby != 0) {
            fill(standby + (first << 4), count << 1, segment | bits);
        }
    }

    private static void fill(long at, long count, long word) {
        for (long end = at + (count << 3); at < end; at += 8) {
            Memory.putLong(at, word);
        }
    }

    private void prepareStandby() {
        standby = system.allocate(16L << depth);
        standbyCopied = 0;
        tell(used());
    }

    private void copyToStandby(long count) {
        long end = Math.min(standbyCopied + count, 1L << depth);
        for (long i = standbyCopied; i < end; i++) {
            long word = Memory.getLong(words + (i << 3));
            Memory.putLong(standby + (i << 4), word);
            Memory.putLong(standby + (i << 4) + 8, word);
        }
        standbyCopied = end;
    }

    private void doubleWords() {
        if (standby == 0) {
            prepareStandby();
        }
        copyToStandby(1L << depth);
        if (words != root) {
            system.free(words);
        }
        words = standby;
        standby = 0;
        depth++;
        tell(used());
    }

    /** Begins anew, once the slabs were dropped. */
    void clear() {
        releaseWords();
        segments = 0;
        start();
    }

    /** Gives all memory back, those of segments aside. */
    void close() {
        releaseWords();
        system.free(root);
        words = 0;
        segments = 0;
        tell(0);
    }

    private void releaseWords() {
        if (words != root) {
            system.free(words);
        }
        if (standby != 0) {
            system.free(standby);
            standby = 0;
        }
    }
}
