package io.solaster.store;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/**
 * A keyspace by extendible hashing (Fagin et al., ACM TODS 1979) over segments of cache-line buckets.
 *
 * <p>
 * The hash's top bits index a directory of segments; a segment is 62 buckets of 8 slots, a bucket one cache line, a
 * slot 8 bytes: the entry's address and 18 bits of its hash, the <em>tag</em>. The tag alone gives the home bucket, so
 * that only splitting reads keys. A full bucket overflows to the next one; a bucket's slots are packed to its front,
 * and a removal pulls an overflowed slot back, so that no tombstones build up and a lookup ends at the first bucket
 * that has room. A hit touches two places in memory, the bucket and the entry, and rarely a second bucket or (1 in 800)
 * a wrong entry.
 *
 * <p>
 * Nothing grows all at once. A segment that is 87 % full splits in two, about 20 us for its 432 keys; two sparse
 * neighbours merge, without their keys being read. The directory's double is prepared a few words at a time with the
 * inserts that follow the first split to full depth, and is ready long before it is needed. The directory shrinks only
 * once the keyspace is empty: till then it holds 8 to 32 bytes for each segment of the peak.
 *
 * <p>
 * An entry is one block: header word, expiry if it has had one, key length if it is over 2047, key, value. Of the header
 * 30 bits are the value's length, 4 the type, 4 say what the block holds, 11 are the key's length, and 15 are free (for
 * what eviction will need).
 */
final class OffHeapKeyspace implements Keyspace {
    static final int BUCKETS = 62; // sixteen segments and a page's header make up a page
    static final int BUCKET_SLOTS = 8;
    static final int SLOTS = BUCKETS * BUCKET_SLOTS;
    static final int SPLIT_AT = SLOTS * 7 / 8 - 2;
    private static final int MERGE_BELOW = SLOTS / 8;
    private static final int LINE = 64;
    private static final int SEGMENT_BYTES = LINE * (1 + BUCKETS);
    /** How long the directory may become beyond what its segments need: more would only follow a hash without spread. */
    private static final int MAX_SPARE_WORDS = 1 << 16;
    private static final int MAX_DEPTH = 32; // what a scan cursor has room for

    // A segment's first line.
    private static final int COUNT = 0;
    private static final int EXPIRING = 4;

    // A slot: 45 bits of address (entries are aligned to 8), the bit below, 18 bits of tag.
    private static final int TAG_BITS = 18;
    private static final long TAG = (1L << TAG_BITS) - 1;
    private static final long SLOT_EXPIRES = 1L << TAG_BITS;
    private static final int ADDRESS_SHIFT = 16;

    // An entry's header word.
    private static final long VALUE_LENGTH = (1L << 30) - 1;
    private static final int TYPE_SHIFT = 30;
    private static final long TYPE = 15L << TYPE_SHIFT;
    private static final long HAS_EXPIRY = 1L << 34;
    private static final long HAS_KEY_LENGTH = 1L << 35;
    private static final long LARGE = 1L << 36;
    private static final int KEY_LENGTH_SHIFT = 37;
    private static final long IN_USE = 1L << 63; // in a free block the first word is an address, or 0
    private static final int SHORT_KEY = (1 << 11) - 1;

    private static final int SCAN_BUCKET_BITS = 7;

    private final SystemMemory system;
    private final Slabs slabs;
    private final long root; // the two words of the smallest directory, always at hand
    // What a split works with.
    private final long[] moving = new long[SLOTS + 1];
    private final long[] headers = new long[SLOTS];
    private final int[] sides = new int[SLOTS];
    private final byte[] filled = new byte[2 * BUCKETS];
    private KeyHash hash;

    private long directory; // words: a segment's address | how many bits of hash its keys share
    private int depth; // the directory has 2^depth words; at least 1
    private long standby; // a directory of twice the length, or 0
    private long standbyCopied; // words of this directory that the standby already has

    private long size;
    private long expiring;
    private long expired;
    private long segments;

    private long sweepHash; // expireDue goes on here
    private int sweepBucket;

    OffHeapKeyspace(SystemMemory system, KeyHash hash) {
        this.system = system;
        this.hash = hash;
        root = system.allocate(16);
        slabs = new Slabs(system, SEGMENT_BYTES);
        try {
            start();
        } catch (OutOfMemoryError e) {
            slabs.close();
            system.free(root);
            throw e;
        }
    }

    private void start() {
        long segment = newSegment();
        directory = root;
        depth = 1;
        Memory.putLong(root, segment);
        Memory.putLong(root + 8, segment);
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long expiring() {
        return expiring;
    }

    @Override
    public long expired() {
        return expired;
    }

    @Override
    public long usedMemory() {
        return slabs.used() + (8L << depth) + (standby == 0 ? 0 : 16L << depth);
    }

    @Override
    public long liveBytes() {
        return slabs.live() - segments * SEGMENT_BYTES;
    }

    long segments() {
        return segments;
    }

    int depth() {
        return depth;
    }

    @Override
    public long find(long key, int keyLength, long now) {
        long h = hash.hash(key, keyLength);
        long at = locate(segment(h), h, key, keyLength);
        if (at == 0) {
            return 0;
        }
        long slot = Memory.getLong(at);
        long entry = entry(slot);
        if ((slot & SLOT_EXPIRES) != 0 && Memory.getLong(entry + 8) < now) {
            removeAt(h, at);
            expired++;
            return 0;
        }
        return entry;
    }

    @Override
    public int type(long entry) {
        return (int) ((Memory.getLong(entry) & TYPE) >>> TYPE_SHIFT);
    }

    @Override
    public long valueAddress(long entry) {
        long header = Memory.getLong(entry);
        return entry + keyOffset(header) + keyLength(entry, header);
    }

    @Override
    public int valueLength(long entry) {
        return valueLengthOf(Memory.getLong(entry));
    }

    @Override
    public long keyAddress(long entry) {
        return entry + keyOffset(Memory.getLong(entry));
    }

    @Override
    public int keyLength(long entry) {
        return keyLength(entry, Memory.getLong(entry));
    }

    @Override
    public long expiry(long entry) {
        return (Memory.getLong(entry) & HAS_EXPIRY) == 0 ? 0 : Memory.getLong(entry + 8);
    }

    @Override
    public long set(long key, int keyLength, long value, int valueLength, long expiry) {
        check(keyLength, valueLength);
        long h = hash.hash(key, keyLength);
        long at = locate(segment(h), h, key, keyLength);
        long entry;
        if (at == 0) {
            entry = insert(h, key, keyLength, valueLength, expiry);
        } else {
            entry = entry(Memory.getLong(at));
            long header = Memory.getLong(entry);
            long expiryRoom = expiry == 0 ? header & HAS_EXPIRY : HAS_EXPIRY;
            int oldLength = valueLengthOf(header);
            if (expiryRoom != (header & HAS_EXPIRY) || (valueLength != oldLength
                    && !fits(entry, header, keyOffset(header) + (long) keyLength + valueLength))) {
                return replace(h, at, key, keyLength, value, valueLength, expiry);
            }
            Memory.putLong(entry, (header & ~(VALUE_LENGTH | TYPE)) | valueLength);
            if (expiryRoom != 0) {
                Memory.putLong(entry + 8, expiry);
                expires(h, at, expiry != 0);
            }
        }
        Memory.copy(value, valueAddress(entry), valueLength);
        return entry;
    }

    private long replace(long h, long at, long key, int keyLength, long value, int valueLength, long expiry) {
        long old = entry(Memory.getLong(at));
        long entry = newEntry(key, keyLength, valueLength, expiry, 0);
        Memory.copy(value, valueAddress(entry), valueLength);
        free(old);
        Memory.putLong(at, slot(entry, Memory.getLong(at)));
        expires(h, at, expiry != 0);
        return entry;
    }

    @Override
    public long resizeValue(long key, int keyLength, int valueLength) {
        check(keyLength, valueLength);
        long h = hash.hash(key, keyLength);
        long at = locate(segment(h), h, key, keyLength);
        if (at == 0) {
            return insert(h, key, keyLength, valueLength, 0);
        }
        long old = entry(Memory.getLong(at));
        long header = Memory.getLong(old);
        int oldLength = valueLengthOf(header);
        long bytes = keyOffset(header) + (long) keyLength + valueLength;
        long capacity = valueLength == oldLength ? bytes : capacity(old, header);
        if (bytes <= capacity && bytes >= capacity / 2) {
            Memory.putLong(old, (header & ~VALUE_LENGTH) | valueLength);
            return old;
        }
        // Short values take a size class more each time, which is cheap; longer ones would be copied once a class.
        int spare = valueLength > oldLength && oldLength >= 64 ? oldLength / 2 : 0;
        long entry = newEntry(key, keyLength, valueLength, expiry(old), spare);
        Memory.copy(valueAddress(old), valueAddress(entry), Math.min(oldLength, valueLength));
        Memory.putLong(entry, Memory.getLong(entry) | (header & TYPE));
        free(old);
        Memory.putLong(at, slot(entry, Memory.getLong(at)));
        return entry;
    }

    @Override
    public boolean remove(long key, int keyLength) {
        long h = hash.hash(key, keyLength);
        long at = locate(segment(h), h, key, keyLength);
        if (at == 0) {
            return false;
        }
        removeAt(h, at);
        return true;
    }

    @Override
    public long setExpiry(long key, int keyLength, long expiry) {
        long h = hash.hash(key, keyLength);
        long at = locate(segment(h), h, key, keyLength);
        if (at == 0) {
            return 0;
        }
        long entry = entry(Memory.getLong(at));
        long header = Memory.getLong(entry);
        if ((header & HAS_EXPIRY) == 0) {
            if (expiry == 0) {
                return entry;
            }
            int valueLength = valueLengthOf(header);
            long bytes = keyOffset(header) + (long) keyLength + valueLength;
            if (bytes + 8 <= capacity(entry, header)) {
                Memory.copy(entry + 8, entry + 16, bytes - 8);
                Memory.putLong(entry, header | HAS_EXPIRY);
            } else {
                long old = entry;
                entry = newEntry(keyAddress(old), keyLength, valueLength, expiry, 0);
                Memory.copy(valueAddress(old), valueAddress(entry), valueLength);
                Memory.putLong(entry, Memory.getLong(entry) | (header & TYPE));
                free(old);
                Memory.putLong(at, slot(entry, Memory.getLong(at)));
            }
        }
        Memory.putLong(entry + 8, expiry);
        expires(h, at, expiry != 0);
        return entry;
    }

    @Override
    public int expireDue(long now, int maxSteps) {
        int removed = 0;
        int steps = 0;
        long segmentsLeft = segments + 1;
        while (expiring != 0 && steps < maxSteps) {
            long word = word(sweepHash);
            long segment = word & -LINE;
            if (sweepBucket == BUCKETS || Memory.getInt(segment + EXPIRING) == 0) {
                if (segmentsLeft-- == 0) {
                    break;
                }
                sweepHash = after(sweepHash, (int) word & LINE - 1);
                sweepBucket = 0;
                steps++;
                continue;
            }
            long at = dueIn(segment + (long) LINE * (1 + sweepBucket), now);
            if (at == 0) {
                sweepBucket++;
                steps += BUCKET_SLOTS;
            } else {
                // The bucket is looked at again: another slot may have taken this one's place.
                removeAt(sweepHash, at);
                removed++;
                steps++;
            }
        }
        expired += removed;
        return removed;
    }

    /** The address of a bucket's first slot that is due, or 0. */
    private static long dueIn(long bucket, long now) {
        for (long at = bucket; at < bucket + LINE; at += 8) {
            long slot = Memory.getLong(at);
            if ((slot & SLOT_EXPIRES) != 0 && Memory.getLong(entry(slot) + 8) < now) {
                return at;
            }
        }
        return 0;
    }

    /** The first hash after those that share so many bits with this one; 0 if there is none. */
    private static long after(long h, int bits) {
        return bits == 0 ? 0 : ((h >>> -bits) + 1) << -bits;
    }

    // A cursor names a position in the order of hashes and home buckets, which neither splits nor merges change: a
    // one and the segment's bits of hash, then the bucket.
    @Override
    public long scan(long cursor, EntryVisitor visitor) {
        long position = cursor >>> SCAN_BUCKET_BITS;
        int bits = position == 0 ? 0 : 63 - Long.numberOfLeadingZeros(position);
        int bucket = (int) cursor & (1 << SCAN_BUCKET_BITS) - 1;
        if (size == 0 || bits > MAX_DEPTH || bucket >= BUCKETS) {
            return 0;
        }
        long h = bits == 0 ? 0 : position << -bits;
        long word = word(h);
        int segmentBits = (int) word & LINE - 1;
        if (segmentBits < bits) {
            // Merged since: of the neighbour's keys, none was visited, or all were, and then they are again.
            bucket = 0;
        }
        visitHome(word & -LINE, bucket, visitor);
        if (++bucket == BUCKETS) {
            bucket = 0;
            h = after(h, segmentBits);
            if (h == 0) {
                return 0;
            }
        }
        return (1L << segmentBits | (segmentBits == 0 ? 0 : h >>> -segmentBits)) << SCAN_BUCKET_BITS | bucket;
    }

    private static void visitHome(long segment, int home, EntryVisitor visitor) {
        int bucket = home;
        for (int probes = 0; probes < BUCKETS; probes++) {
            long line = segment + (long) LINE * (1 + bucket);
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

    @Override
    public int defragment(int maxSteps) {
        int steps = 0;
        while (steps < maxSteps) {
            long block = slabs.nextToMove();
            if (block == 0) {
                break;
            }
            if ((Memory.getLong(block) & IN_USE) != 0) {
                move(block);
            }
            steps++;
        }
        return steps;
    }

    private void move(long entry) {
        int capacity = slabs.capacity(entry);
        long to = slabs.allocate(capacity);
        Memory.copy(entry, to, capacity);
        long at = slotOf(entry);
        Memory.putLong(at, slot(to, Memory.getLong(at)));
        slabs.free(entry);
    }

    /** The address of an entry's slot. */
    private long slotOf(long entry) {
        long h = hashOf(entry);
        long segment = segment(h);
        int bucket = home(h);
        while (true) {
            long line = segment + (long) LINE * (1 + bucket);
            for (long at = line; at < line + LINE; at += 8) {
                if (entry(Memory.getLong(at)) == entry) {
                    return at;
                }
            }
            bucket = next(bucket);
        }
    }

    @Override
    public void clear() {
        if (directory == 0) {
            return;
        }
        slabs.drop();
        releaseDirectories();
        size = 0;
        expiring = 0;
        segments = 0;
        sweepHash = 0;
        sweepBucket = 0;
        start();
    }

    @Override
    public boolean release(long bytes) {
        return directory != 0 && slabs.release(bytes);
    }

    @Override
    public void close() {
        if (directory == 0) {
            return;
        }
        hash = (key, length) -> {
            throw new IllegalStateException("this keyspace is closed");
        };
        slabs.close();
        releaseDirectories();
        system.free(root);
        directory = 0;
        size = 0;
        expiring = 0;
        segments = 0;
    }

    // Entries

    private static void check(int keyLength, int valueLength) {
        if (keyLength < 0 || keyLength > MAX_LENGTH) {
            throw new IllegalArgumentException("key of " + keyLength + " bytes; 0 to " + MAX_LENGTH + " are allowed");
        }
        if (valueLength < 0 || valueLength > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "value of " + valueLength + " bytes; 0 to " + MAX_LENGTH + " are allowed");
        }
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

    private long capacity(long entry, long header) {
        return (header & LARGE) != 0 ? slabs.largeCapacity(entry) : slabs.capacity(entry);
    }

    /** Whether so many bytes can take an entry's place and leave no more than an eighth of it empty. */
    private boolean fits(long entry, long header, long bytes) {
        long capacity = capacity(entry, header);
        return bytes <= capacity && bytes >= capacity - capacity / 8;
    }

    /** A block with all of an entry but its value, of type 0. */
    private long newEntry(long key, int keyLength, int valueLength, long expiry, int spare) {
        long header = IN_USE | valueLength;
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

    private void free(long entry) {
        if ((Memory.getLong(entry) & LARGE) != 0) {
            slabs.freeLarge(entry);
        } else {
            slabs.free(entry);
        }
    }

    private static boolean holds(long entry, long key, int keyLength) {
        long header = Memory.getLong(entry);
        return keyLength(entry, header) == keyLength && equal(entry + keyOffset(header), key, keyLength);
    }

    private static boolean equal(long a, long b, int length) {
        if (length >= 8) {
            int last = length - 8;
            for (int i = 0; i < last; i += 8) {
                if (Memory.getLong(a + i) != Memory.getLong(b + i)) {
                    return false;
                }
            }
            return Memory.getLong(a + last) == Memory.getLong(b + last);
        }
        for (int i = 0; i < length; i++) {
            if (Memory.getByte(a + i) != Memory.getByte(b + i)) {
                return false;
            }
        }
        return true;
    }

    // Slots

    private static long entry(long slot) {
        return slot >>> (TAG_BITS + 1) << 3;
    }

    private static long slot(long entry, long tag) {
        return entry << ADDRESS_SHIFT | (tag & (TAG | SLOT_EXPIRES));
    }

    private static int home(long slot) {
        return (int) (((slot & TAG) * BUCKETS) >>> TAG_BITS);
    }

    private static int next(int bucket) {
        return bucket + 1 == BUCKETS ? 0 : bucket + 1;
    }

    private static boolean full(long bucket) {
        return Memory.getLong(bucket + LINE - 8) != 0;
    }

    /** The address of the key's slot, or 0. */
    private static long locate(long segment, long h, long key, int keyLength) {
        int bucket = home(h);
        for (int probes = 0; probes < BUCKETS; probes++) {
            long line = segment + (long) LINE * (1 + bucket);
            for (long at = line; at < line + LINE; at += 8) {
                long slot = Memory.getLong(at);
                if (((slot ^ h) & TAG) == 0 && slot != 0 && holds(entry(slot), key, keyLength)) {
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
    private static long put(long segment, long slot) {
        int bucket = home(slot);
        long line = segment + (long) LINE * (1 + bucket);
        while (full(line)) {
            bucket = next(bucket);
            line = segment + (long) LINE * (1 + bucket);
        }
        long at = line;
        while (Memory.getLong(at) != 0) {
            at += 8;
        }
        Memory.putLong(at, slot);
        return at;
    }

    private long insert(long h, long key, int keyLength, int valueLength, long expiry) {
        long segment = roomFor(h);
        long entry = newEntry(key, keyLength, valueLength, expiry, 0);
        put(segment, slot(entry, (h & TAG) | (expiry == 0 ? 0 : SLOT_EXPIRES)));
        add(segment, COUNT, 1);
        size++;
        if (expiry != 0) {
            add(segment, EXPIRING, 1);
            expiring++;
        }
        return entry;
    }

    private static void add(long segment, int counter, int delta) {
        Memory.putInt(segment + counter, Memory.getInt(segment + counter) + delta);
    }

    private void expires(long h, long at, boolean now) {
        long slot = Memory.getLong(at);
        if (now != ((slot & SLOT_EXPIRES) != 0)) {
            Memory.putLong(at, slot ^ SLOT_EXPIRES);
            int delta = now ? 1 : -1;
            add(segment(h), EXPIRING, delta);
            expiring += delta;
        }
    }

    /** Removes the entry of a slot in the segment of a hash. */
    private void removeAt(long h, long at) {
        long segment = segment(h);
        long slot = Memory.getLong(at);
        free(entry(slot));
        add(segment, COUNT, -1);
        size--;
        if ((slot & SLOT_EXPIRES) != 0) {
            add(segment, EXPIRING, -1);
            expiring--;
        }
        closeGap(segment, at);
        if (Memory.getInt(segment + COUNT) < MERGE_BELOW) {
            merge(h);
        }
    }

    private static void closeGap(long segment, long gap) {
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
            long from = segment + (long) LINE * (1 + candidate);
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

    // Segments and the directory

    private long word(long h) {
        return Memory.getLong(directory + (h >>> -depth << 3));
    }

    private long segment(long h) {
        return word(h) & -LINE;
    }

    private long newSegment() {
        long segment = slabs.allocate(SEGMENT_BYTES);
        Memory.fill(segment, SEGMENT_BYTES, (byte) 0);
        segments++;
        return segment;
    }

    /** The segment for one more key with this hash. */
    private long roomFor(long h) {
        if (standby != 0 && standbyCopied >>> depth == 0) {
            copyToStandby(64);
        }
        while (true) {
            long word = word(h);
            long segment = word & -LINE;
            int count = Memory.getInt(segment + COUNT);
            if (count < SPLIT_AT) {
                return segment;
            }
            if (!split(h, segment, (int) word & LINE - 1)) {
                if (count == SLOTS) {
                    throw new IllegalStateException(SLOTS + " keys share their hash's first bits: the hash is broken");
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
            doubleDirectory();
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
        for (long at = segment + LINE; at < segment + SEGMENT_BYTES; at += 8) {
            long slot = Memory.getLong(at);
            moving[count] = slot;
            count += slot == 0 ? 0 : 1;
        }
        // A pass of its own, and without a branch that is hard to predict: many of these cache misses overlap.
        for (int i = 0; i < count; i++) {
            headers[i] = Memory.getLong(entry(moving[i]));
        }
        for (int i = 0; i < count; i++) {
            long header = headers[i];
            long entry = entry(moving[i]);
            sides[i] = (int) (hash.hash(entry + keyOffset(header), keyLength(entry, header)) << bits >>> 63);
        }
        Memory.fill(segment, SEGMENT_BYTES, (byte) 0);
        Arrays.fill(filled, (byte) 0);
        int uppers = 0;
        int expiring = 0;
        int uppersExpiring = 0;
        long apart = upper - segment;
        for (int i = 0; i < count; i++) {
            long slot = moving[i];
            int side = sides[i];
            int bucket = home(slot);
            while (filled[side * BUCKETS + bucket] == BUCKET_SLOTS) {
                bucket = next(bucket);
            }
            int index = filled[side * BUCKETS + bucket]++;
            Memory.putLong(segment + side * apart + (long) LINE * (1 + bucket) + index * 8L, slot);
            int expires = (int) (slot >>> TAG_BITS) & 1;
            uppers += side;
            expiring += expires;
            uppersExpiring += expires & side;
        }
        Memory.putInt(segment + COUNT, count - uppers);
        Memory.putInt(segment + EXPIRING, expiring - uppersExpiring);
        Memory.putInt(upper + COUNT, uppers);
        Memory.putInt(upper + EXPIRING, uppersExpiring);
    }

    private long hashOf(long entry) {
        long header = Memory.getLong(entry);
        return hash.hash(entry + keyOffset(header), keyLength(entry, header));
    }

    /** Joins the hash's segment with its neighbour, and that with the next, while both are sparse. */
    private void merge(long h) {
        while (true) {
            long word = word(h);
            int bits = (int) word & LINE - 1;
            if (bits == 0) {
                break;
            }
            long bit = Long.MIN_VALUE >>> (bits - 1);
            long neighbour = word(h ^ bit);
            if (((int) neighbour & LINE - 1) != bits || Memory.getInt((neighbour & -LINE) + COUNT) >= MERGE_BELOW
                    || Memory.getInt((word & -LINE) + COUNT) >= MERGE_BELOW) {
                break;
            }
            long from = neighbour & -LINE;
            long to = word & -LINE;
            for (long at = from + LINE; at < from + SEGMENT_BYTES; at += 8) {
                long slot = Memory.getLong(at);
                if (slot != 0) {
                    put(to, slot);
                }
            }
            add(to, COUNT, Memory.getInt(from + COUNT));
            add(to, EXPIRING, Memory.getInt(from + EXPIRING));
            point(h, bits - 1, to);
            slabs.free(from);
            segments--;
        }
        if (size == 0 && segments == 1 && directory != root) {
            long segment = segment(0);
            releaseDirectories();
            directory = root;
            depth = 1;
            Memory.putLong(root, segment);
            Memory.putLong(root + 8, segment);
        }
    }

    /** Lets all hashes that share so many bits with this one lead to the segment. */
    private void point(long h, int bits, long segment) {
        long count = 1L << (depth - bits);
        long first = bits == 0 ? 0 : (h >>> -bits) * count;
        fill(directory + (first << 3), count, segment | bits);
        if (standby != 0) {
            fill(standby + (first << 4), count << 1, segment | bits);
        }
    }

    private static void fill(long at, long words, long word) {
        for (long end = at + (words << 3); at < end; at += 8) {
            Memory.putLong(at, word);
        }
    }

    private void prepareStandby() {
        standby = system.allocate(16L << depth);
        standbyCopied = 0;
    }

    private void copyToStandby(long words) {
        long end = Math.min(standbyCopied + words, 1L << depth);
        for (long i = standbyCopied; i < end; i++) {
            long word = Memory.getLong(directory + (i << 3));
            Memory.putLong(standby + (i << 4), word);
            Memory.putLong(standby + (i << 4) + 8, word);
        }
        standbyCopied = end;
    }

    private void doubleDirectory() {
        if (standby == 0) {
            prepareStandby();
        }
        copyToStandby(1L << depth);
        if (directory != root) {
            system.free(directory);
        }
        directory = standby;
        standby = 0;
        depth++;
    }

    private void releaseDirectories() {
        if (directory != root) {
            system.free(directory);
        }
        if (standby != 0) {
            system.free(standby);
            standby = 0;
        }
    }
}
