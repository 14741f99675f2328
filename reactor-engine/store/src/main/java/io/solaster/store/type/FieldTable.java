package io.solaster.store.type;

import static io.solaster.store.type.FieldBuckets.ADDRESS_SHIFT;
import static io.solaster.store.type.FieldBuckets.BUCKETS;
import static io.solaster.store.type.FieldBuckets.BYTES;
import static io.solaster.store.type.FieldBuckets.COUNT;
import static io.solaster.store.type.FieldBuckets.EARLIEST;
import static io.solaster.store.type.FieldBuckets.EXPIRES;
import static io.solaster.store.type.FieldBuckets.EXPIRING;
import static io.solaster.store.type.FieldBuckets.FEWEST_BUCKETS;
import static io.solaster.store.type.FieldBuckets.LAST;
import static io.solaster.store.type.FieldBuckets.LINE;
import static io.solaster.store.type.FieldBuckets.LINE_SLOTS;
import static io.solaster.store.type.FieldBuckets.LINK;
import static io.solaster.store.type.FieldBuckets.PAGES;
import static io.solaster.store.type.FieldBuckets.PAGE_BUCKETS;
import static io.solaster.store.type.FieldBuckets.PAGE_SHIFT;
import static io.solaster.store.type.FieldBuckets.ROOM;
import static io.solaster.store.type.FieldBuckets.SWEEP;
import static io.solaster.store.type.FieldBuckets.SWEPT_EARLIEST;
import static io.solaster.store.type.FieldBuckets.TAG;
import static io.solaster.store.type.FieldBuckets.address;
import static io.solaster.store.type.FieldBuckets.bucketOf;
import static io.solaster.store.type.FieldBuckets.line;
import static io.solaster.store.type.FieldBuckets.locate;
import static io.solaster.store.type.FieldBuckets.slot;
import static io.solaster.store.type.FieldBuckets.slots;

import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.KeyspaceHash;

/**
 * A table of fields, each with a value or without, each with a time at which it expires or without: what large hashes and
 * sets are. Every table has a root record of {@link #ROOT} bytes, which lies where its owner keeps it; all else are blocks
 * of the slabs. One object serves all tables of a shard.
 *
 * <p>
 * It is a linear hash table (Litwin, VLDB 1980): an insertion splits at most one bucket, a removal merges at most two, so
 * that no call moves more than a handful of fields, however many there are. Buckets are found by the hash's low bits. A
 * bucket is one cache line of {@link FieldBuckets#LINE_SLOTS} slots, and has further lines where these are not enough:
 * the last slot then leads to the next line, and only the last line has free slots, at its end. A slot is 8 bytes: a
 * {@link FieldNode}'s address, whether it expires, and 18 bits of its hash, so that a look-up seldom reads a node in vain.
 * Buckets lie in pages of {@link FieldBuckets#PAGE_BUCKETS}; a table of more than one page has a directory of them, which
 * is copied as it doubles: 8 bytes for each 320 fields.
 *
 * <p>
 * The hash must be seeded, so that nobody can choose fields that collide. Fields and values come and go by address and
 * length; what a call is given it copies, and it must not lie in the table. A call that throws {@link OutOfMemoryError}
 * has changed nothing. Roots need not be aligned. On the owning shard.
 */
public final class FieldTable {
    /** Bytes of a root record; the first four are its owner's. */
    public static final int ROOT = FieldBuckets.ROOT;

    /** Hardly any bucket has more slots. */
    private static final int MOST_SLOTS = 24;

    private final Slabs nodes;
    private final KeyspaceHash hash;
    private final FieldBlocks blocks;
    private final FieldGrowth growth;
    private long walkAt;
    private long walkEnd;
    private int walkBucket;

    /** @param hash seeded; tests apart */
    public FieldTable(Slabs nodes, KeyspaceHash hash) {
        this.nodes = nodes;
        this.hash = hash;
        blocks = new FieldBlocks(nodes);
        growth = new FieldGrowth(blocks, hash);
    }

    /** For upkeep alone. */
    FieldTable(Slabs nodes) {
        this(nodes, (field, length) -> {
            throw new IllegalStateException("a table for upkeep was asked for a field");
        });
    }

    Slabs nodes() {
        return nodes;
    }

    /** What {@link #defragment} calls where something else than the table knows its nodes. */
    @FunctionalInterface
    interface Moves {
        /** Nothing else knows them. */
        Moves UNKNOWN = (root, from, to) -> {};

        /** A node's copy is used from now on; the node itself is freed after that. */
        void moved(long root, long from, long to);
    }

    /** What {@link #scan} calls. */
    @FunctionalInterface
    public interface Visitor {
        /** Must not change the table. */
        void visit(long node);
    }

    // ---- the whole

    /** Makes an empty table; what the root record held is overwritten, but for its owner's bytes. */
    public void create(long root) {
        long page = nodes.allocate(FEWEST_BUCKETS * LINE);
        Memory.fill(page, FEWEST_BUCKETS * LINE, (byte) 0);
        Memory.fill(root + BUCKETS, ROOT - BUCKETS, (byte) 0);
        Memory.putInt(root + BUCKETS, FEWEST_BUCKETS);
        Memory.putInt(root + ROOM, FEWEST_BUCKETS);
        Memory.putLong(root + PAGES, page);
        Memory.putLong(root + BYTES, nodes.capacity(page));
        Memory.putLong(root + EARLIEST, Long.MAX_VALUE);
        Memory.putLong(root + SWEPT_EARLIEST, Long.MAX_VALUE);
    }

    /** Fields, those included that have expired and are not yet removed. */
    public static long count(long root) {
        return FieldBuckets.count(root);
    }

    /** Fields with an expiry. */
    public static long expiring(long root) {
        return Memory.getLong(root + EXPIRING);
    }

    /** A time before which no field expires; {@link Long#MAX_VALUE} where none does. */
    public static long earliestExpiry(long root) {
        return Memory.getLong(root + EXPIRING) == 0 ? Long.MAX_VALUE : Memory.getLong(root + EARLIEST);
    }

    /** Bytes of all blocks, as they are rounded by the slabs. */
    public static long bytes(long root) {
        return FieldBuckets.bytes(root);
    }

    static int buckets(long root) {
        return FieldBuckets.buckets(root);
    }

    // ---- fields

    /** The field's node, or 0. One that has expired is found as others are. */
    public long find(long root, long field, int length) {
        long at = locate(root, hash.hash(field, length), field, length);
        return at == 0 ? 0 : address(Memory.getLong(at));
    }

    /**
     * Gives a field a value and an expiry, whether it was there or not.
     *
     * @param valueLength bytes of the value, or {@link FieldNode#NO_VALUE}
     * @param expiry Unix milliseconds; 0 for never
     * @return whether the field is new
     */
    public boolean put(long root, long field, int length, long value, int valueLength, long expiry) {
        long h = hash.hash(field, length);
        long at = locate(root, h, field, length);
        int flags = FieldNode.flags(length, valueLength, expiry != 0);
        long bytes = FieldNode.bytes(flags, length, valueLength);
        if (at == 0) {
            add(root, h, flags, field, length, value, valueLength, expiry);
            return true;
        }
        long node = address(Memory.getLong(at));
        boolean expired = FieldNode.expiry(node) != 0;
        if (FieldNode.isLike(node, flags) && blocks.fits(node, bytes)) {
            FieldNode.lengths(node, flags, length, valueLength);
            if (expiry != 0) {
                FieldNode.expiry(node, expiry);
            }
            Memory.copy(value, FieldNode.valueAddress(node), Math.max(0, valueLength));
        } else {
            long replacing = blocks.newNode(root, flags, bytes, field, length, value, valueLength, expiry);
            blocks.freeNode(root, node);
            Memory.putLong(at, slot(replacing, h, expiry != 0));
        }
        expires(root, expired, expiry);
        return false;
    }

    /**
     * Adds a field that is not there, with a value and without an expiry.
     *
     * @return its node
     */
    public long add(long root, long field, int length, long value, int valueLength) {
        return add(root, hash.hash(field, length), FieldNode.flags(length, valueLength, false), field, length, value,
                valueLength, 0);
    }

    private long add(long root, long h, int flags, long field, int length, long value, int valueLength, long expiry) {
        long node = blocks.newNode(root, flags, FieldNode.bytes(flags, length, valueLength), field, length, value,
                valueLength, expiry);
        try {
            blocks.add(root, line(root, bucketOf(h, buckets(root))), slot(node, h, expiry != 0));
        } catch (OutOfMemoryError e) {
            blocks.freeNode(root, node);
            throw e;
        }
        expires(root, false, expiry);
        Memory.putLong(root + COUNT, count(root) + 1);
        growth.grow(root);
        return node;
    }

    /**
     * Sets when a field expires.
     *
     * @param expiry Unix milliseconds; 0 for never
     * @return whether the field is there
     */
    public boolean setExpiry(long root, long field, int length, long expiry) {
        long h = hash.hash(field, length);
        long at = locate(root, h, field, length);
        if (at == 0) {
            return false;
        }
        long node = address(Memory.getLong(at));
        boolean expired = FieldNode.expiry(node) != 0;
        if (expired && expiry != 0) {
            FieldNode.expiry(node, expiry);
        } else if (expired || expiry != 0) {
            int valueLength = FieldNode.valueLength(node);
            int flags = FieldNode.flags(length, valueLength, expiry != 0);
            long replacing = blocks.newNode(root, flags, FieldNode.bytes(flags, length, valueLength), field, length,
                    FieldNode.valueAddress(node), valueLength, expiry);
            blocks.freeNode(root, node);
            Memory.putLong(at, slot(replacing, h, expiry != 0));
        }
        expires(root, expired, expiry);
        return true;
    }

    /** Whether the field was there; it no longer is. */
    public boolean remove(long root, long field, int length) {
        long h = hash.hash(field, length);
        long at = locate(root, h, field, length);
        if (at == 0) {
            return false;
        }
        removeAt(root, line(root, bucketOf(h, buckets(root))), at);
        growth.shrink(root);
        return true;
    }

    /** Any field's node, each as likely as the others; the table must not be empty. */
    public long random(long root, RandomGenerator random) {
        long buckets = buckets(root);
        while (true) {
            long bits = random.nextLong();
            long line = line(root, (int) ((bits >>> 32) * buckets >>> 32));
            // What is drawn is a place in a bucket, mostly an empty one: that way full buckets have no advantage.
            int slots = slots(line);
            long pick = (bits & 0xFFFF_FFFFL) * Math.max(slots, MOST_SLOTS) >>> 32;
            if (pick < slots) {
                for (; pick >= LINE_SLOTS - 1 && Memory.getLong(line + LAST) < 0; pick -= LINE_SLOTS - 1) {
                    line = address(Memory.getLong(line + LAST));
                }
                return address(Memory.getLong(line + 8 * pick));
            }
        }
    }

    // ---- walking

    /** Begins a walk over all fields, in no order; one at a time, and only while the table is not changed. */
    public void begin() {
        walkBucket = -1;
        walkAt = 0;
        walkEnd = 0;
    }

    /** The next field's node on the walk, or 0 at its end. */
    public long next(long root) {
        while (true) {
            if (walkAt != walkEnd) {
                long slot = Memory.getLong(walkAt);
                if (slot > 0) {
                    walkAt += 8;
                    return address(slot);
                }
                walkAt = slot == 0 ? walkEnd : address(slot);
                walkEnd = slot == 0 ? walkEnd : walkAt + LINE;
                continue;
            }
            if (++walkBucket >= buckets(root)) {
                return 0;
            }
            walkAt = line(root, walkBucket);
            walkEnd = walkAt + LINE;
        }
    }

    /**
     * Visits a few fields (about 4, perhaps none). What is there from a first call with cursor 0 until a call returns 0
     * is visited at least once, whatever is written between the calls.
     *
     * @param cursor 0 to start, else what the last call returned: less than 2^32
     * @return the cursor to go on with, or 0 at the end
     */
    // A cursor is a place in the order of the hashes' low 32 bits, read from the lowest bit on. Each bucket is a piece of
    // that order, and neither splits nor merges change it.
    public long scan(long root, long cursor, Visitor visitor) {
        if (cursor >>> 32 != 0) {
            return 0;
        }
        int buckets = buckets(root);
        int bucket = bucketOf(Integer.reverse((int) cursor), buckets);
        long line = line(root, bucket);
        long end = line + LINE;
        while (line != end) {
            long slot = Memory.getLong(line);
            if (slot > 0) {
                visitor.visit(address(slot));
                line += 8;
            } else {
                line = slot == 0 ? end : address(slot);
                end = slot == 0 ? end : line + LINE;
            }
        }
        int half = Integer.highestOneBit(buckets);
        int bits = Integer.numberOfTrailingZeros(half) + (bucket >= half || (bucket | half) < buckets ? 1 : 0);
        long next = (Integer.reverse(bucket) & 0xFFFF_FFFFL) + (1L << 32 - bits);
        return next >>> 32 != 0 ? 0 : next;
    }

    // ---- upkeep

    /**
     * Removes fields that have expired, from where the last call stopped. It costs nothing where none has.
     *
     * @param now Unix milliseconds
     * @param steps slots to look at, give or take a few
     * @return fields removed
     */
    public long expireDue(long root, long now, int steps) {
        long before = count(root);
        int left = steps;
        while (left > 0 && earliestExpiry(root) < now) {
            int bucket = Memory.getInt(root + SWEEP);
            if (bucket >= buckets(root)) {
                Memory.putInt(root + SWEEP, 0);
                Memory.putLong(root + EARLIEST, Memory.getLong(root + SWEPT_EARLIEST));
                Memory.putLong(root + SWEPT_EARLIEST, Long.MAX_VALUE);
                left--;
                continue;
            }
            Memory.putInt(root + SWEEP, bucket + 1);
            left -= sweep(root, line(root, bucket), now);
        }
        return before - count(root);
    }

    private int sweep(long root, long first, long now) {
        int looks = 1;
        int removed = 0;
        long line = first;
        long at = line;
        while (at != line + LINE) {
            long slot = Memory.getLong(at);
            if (slot == 0) {
                break;
            }
            if (slot < 0) {
                line = address(slot);
                at = line;
                continue;
            }
            looks++;
            long expiry = (slot & EXPIRES) == 0 ? Long.MAX_VALUE : FieldNode.expiry(address(slot));
            if (expiry < now) {
                removeAt(root, first, at);
                removed++;
                // The line may be gone, and another field has this one's place.
                line = first;
                at = first;
            } else {
                Memory.putLong(root + SWEPT_EARLIEST, Math.min(expiry, Memory.getLong(root + SWEPT_EARLIEST)));
                at += 8;
            }
        }
        for (int i = 0; i < removed; i++) {
            growth.shrink(root);
        }
        return looks;
    }

    /**
     * Frees about so many fields of a table that is used no more.
     *
     * @return whether all is freed; if not, the call is repeated
     */
    public boolean free(long root, int steps) {
        return growth.free(root, steps);
    }

    /**
     * Looks at about so many fields and moves what lies in pages that are to be emptied.
     *
     * @param cursor 0 at first, else what the last call returned
     * @return the cursor to go on with, or 0 at the end
     */
    public long defragment(long root, long cursor, int steps) {
        return defragment(root, cursor, steps, Moves.UNKNOWN);
    }

    long defragment(long root, long cursor, int steps, Moves moves) {
        int buckets = buckets(root);
        int left = steps;
        long bucket = cursor;
        if (bucket == 0 && !(buckets > PAGE_BUCKETS && Slabs.large(8L * Memory.getInt(root + ROOM)))) {
            Memory.putLong(root + PAGES, blocks.moved(Memory.getLong(root + PAGES)));
        }
        while (bucket < buckets && left > 0) {
            if (buckets > PAGE_BUCKETS && (bucket & PAGE_BUCKETS - 1) == 0) {
                long entry = Memory.getLong(root + PAGES) + (bucket >>> PAGE_SHIFT << 3);
                Memory.putLong(entry, blocks.moved(Memory.getLong(entry)));
            }
            long at = line(root, (int) bucket);
            long end = at + LINE;
            while (at != end) {
                long slot = Memory.getLong(at);
                if (slot < 0) {
                    long line = blocks.moved(address(slot));
                    Memory.putLong(at, LINK | line << ADDRESS_SHIFT);
                    at = line;
                    end = line + LINE;
                } else if (slot == 0) {
                    at = end;
                } else {
                    long node = address(slot);
                    if (!FieldNode.isLarge(node)) {
                        Memory.putLong(at, blocks.moved(node, root, moves) << ADDRESS_SHIFT | slot & (TAG | EXPIRES));
                    }
                    at += 8;
                    left--;
                }
            }
            bucket++;
            left--;
        }
        return bucket >= buckets ? 0 : bucket;
    }

    /** Removes the field of a slot; the table does not shrink yet. */
    private void removeAt(long root, long first, long at) {
        long slot = Memory.getLong(at);
        blocks.freeNode(root, address(slot));
        blocks.remove(root, first, at);
        Memory.putLong(root + COUNT, count(root) - 1);
        expires(root, (slot & EXPIRES) != 0, 0);
    }

    /** Keeps the counts of a field that expired or did not, and now expires then. */
    private static void expires(long root, boolean before, long expiry) {
        if (before != (expiry != 0)) {
            Memory.putLong(root + EXPIRING, expiring(root) + (before ? -1 : 1));
        }
        if (expiry != 0) {
            if (expiring(root) == 1 && !before) {
                // The only one: what was known of others that are gone is forgotten.
                Memory.putLong(root + EARLIEST, expiry);
                Memory.putLong(root + SWEPT_EARLIEST, expiry);
            }
            Memory.putLong(root + EARLIEST, Math.min(expiry, Memory.getLong(root + EARLIEST)));
            Memory.putLong(root + SWEPT_EARLIEST, Math.min(expiry, Memory.getLong(root + SWEPT_EARLIEST)));
        }
    }
}
