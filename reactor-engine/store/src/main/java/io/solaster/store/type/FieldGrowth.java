package io.solaster.store.type;

import static io.solaster.store.type.FieldBuckets.ADDRESS_SHIFT;
import static io.solaster.store.type.FieldBuckets.BUCKETS;
import static io.solaster.store.type.FieldBuckets.EARLIEST;
import static io.solaster.store.type.FieldBuckets.FEWEST_BUCKETS;
import static io.solaster.store.type.FieldBuckets.LAST;
import static io.solaster.store.type.FieldBuckets.LINE;
import static io.solaster.store.type.FieldBuckets.LINE_SLOTS;
import static io.solaster.store.type.FieldBuckets.LINK;
import static io.solaster.store.type.FieldBuckets.MOST_BUCKETS;
import static io.solaster.store.type.FieldBuckets.PAGES;
import static io.solaster.store.type.FieldBuckets.PAGE_BUCKETS;
import static io.solaster.store.type.FieldBuckets.PAGE_SHIFT;
import static io.solaster.store.type.FieldBuckets.ROOM;
import static io.solaster.store.type.FieldBuckets.SWEEP;
import static io.solaster.store.type.FieldBuckets.SWEPT_EARLIEST;
import static io.solaster.store.type.FieldBuckets.address;
import static io.solaster.store.type.FieldBuckets.buckets;
import static io.solaster.store.type.FieldBuckets.count;
import static io.solaster.store.type.FieldBuckets.line;
import static io.solaster.store.type.FieldBuckets.lines;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.KeyspaceHash;

/**
 * How {@link FieldTable}s grow and shrink: one bucket at a time is split or merged, and pages come and go with the buckets
 * in them. On the owning shard.
 */
final class FieldGrowth {
    /** Fields a bucket, on average, above which the table grows and below which it shrinks. */
    private static final int GROW_ABOVE = 5;
    private static final int SHRINK_BELOW = 2;

    private final FieldBlocks blocks;
    private final KeyspaceHash hash;
    private long[] moving = new long[64];
    private int movingCount;
    private long[] spares = new long[8];
    private int spareCount;

    FieldGrowth(FieldBlocks blocks, KeyspaceHash hash) {
        this.blocks = blocks;
        this.hash = hash;
    }

    /** Frees about so many fields of a table that is used no more; whether all is freed. */
    boolean free(long root, int steps) {
        int left = steps;
        int buckets = buckets(root);
        while (buckets > 0) {
            if (left <= 0) {
                return false;
            }
            collect(line(root, buckets - 1));
            for (int i = 0; i < movingCount; i++) {
                blocks.freeNode(root, address(moving[i]));
            }
            left -= 1 + movingCount;
            movingCount = 0;
            freeSpares(root);
            buckets--;
            Memory.putInt(root + BUCKETS, buckets);
            dropPage(root, buckets);
        }
        long page = Memory.getLong(root + PAGES);
        if (page != 0) {
            blocks.freeBlock(root, page);
            Memory.putLong(root + PAGES, 0);
        }
        Memory.putLong(root + FieldBuckets.COUNT, 0);
        return true;
    }

    /** Splits a bucket if there are many fields. */
    void grow(long root) {
        int buckets = buckets(root);
        if (count(root) <= (long) GROW_ABOVE * buckets || buckets == MOST_BUCKETS) {
            return;
        }
        try {
            addPage(root, buckets);
        } catch (OutOfMemoryError e) {
            // Its buckets have further lines for now; each insertion tries again.
            return;
        }
        Memory.putInt(root + BUCKETS, buckets + 1);
        int half = Integer.highestOneBit(buckets);
        long lower = line(root, buckets ^ half);
        collect(lower);
        int lowers = 0;
        for (int i = 0; i < movingCount; i++) {
            long slot = moving[i];
            long node = address(slot);
            if ((hash.hash(FieldNode.fieldAddress(node), FieldNode.fieldLength(node)) & half) == 0) {
                moving[i] = moving[lowers];
                moving[lowers++] = slot;
            }
        }
        // Two buckets never need more lines than one did.
        fill(lower, 0, lowers);
        fill(line(root, buckets), lowers, movingCount);
        movingCount = 0;
        freeSpares(root);
    }

    /** Makes room for one more bucket than so many. */
    private void addPage(long root, int buckets) {
        long pages = Memory.getLong(root + PAGES);
        int room = Memory.getInt(root + ROOM);
        if (buckets < PAGE_BUCKETS) {
            if (buckets == room) {
                replacePages(root, (long) buckets * LINE, 2 * room, LINE);
            }
            return;
        }
        if ((buckets & PAGE_BUCKETS - 1) != 0) {
            return;
        }
        long page = blocks.newBlock(root, PAGE_BUCKETS * LINE);
        try {
            if (buckets == PAGE_BUCKETS) {
                long directory = blocks.newBlock(root, 8L * FEWEST_BUCKETS);
                Memory.putLong(directory, pages);
                Memory.putLong(root + PAGES, directory);
                Memory.putInt(root + ROOM, FEWEST_BUCKETS);
            } else if (buckets >>> PAGE_SHIFT == room) {
                replacePages(root, 8L * room, 2 * room, 8);
            }
        } catch (OutOfMemoryError e) {
            blocks.freeBlock(root, page);
            throw e;
        }
        Memory.putLong(Memory.getLong(root + PAGES) + (buckets >>> PAGE_SHIFT << 3), page);
    }

    /** Gives the only page, or the directory, another length. */
    private void replacePages(long root, long used, int room, int unit) {
        long old = Memory.getLong(root + PAGES);
        long pages = blocks.newBlock(root, (long) room * unit);
        Memory.copy(old, pages, used);
        freePages(root, old, unit);
        Memory.putLong(root + PAGES, pages);
        Memory.putInt(root + ROOM, room);
    }

    private void freePages(long root, long pages, int unit) {
        if (Slabs.large((long) Memory.getInt(root + ROOM) * unit)) {
            blocks.freeLargeBlock(root, pages);
        } else {
            blocks.freeBlock(root, pages);
        }
    }

    /** Merges two buckets if there are few fields. */
    void shrink(long root) {
        int buckets = buckets(root) - 1;
        if (buckets < FEWEST_BUCKETS || count(root) >= (long) SHRINK_BELOW * buckets) {
            return;
        }
        int partner = buckets ^ Integer.highestOneBit(buckets);
        long lower = line(root, partner);
        collect(lower);
        collect(line(root, buckets));
        try {
            while (spareCount < Math.max(0, movingCount - 2) / (LINE_SLOTS - 1)) {
                addSpare(blocks.newBlock(root, LINE));
            }
        } catch (OutOfMemoryError e) {
            // Some of the spare lines are still in use; none is lost, as those that are new come last.
            int needed = lines(lower) + lines(line(root, buckets));
            while (spareCount > needed) {
                blocks.freeBlock(root, spares[--spareCount]);
            }
            spareCount = 0;
            movingCount = 0;
            return;
        }
        fill(lower, 0, movingCount);
        movingCount = 0;
        freeSpares(root);
        Memory.putInt(root + BUCKETS, buckets);
        if (partner < Memory.getInt(root + SWEEP) && buckets >= Memory.getInt(root + SWEEP)) {
            // What expiry has not been to lies where it has been.
            Memory.putLong(root + SWEPT_EARLIEST, Memory.getLong(root + EARLIEST));
        }
        dropPage(root, buckets);
        int room = Memory.getInt(root + ROOM);
        if (buckets <= PAGE_BUCKETS && room > FEWEST_BUCKETS && buckets <= room / 4) {
            try {
                replacePages(root, (long) buckets * LINE, room / 2, LINE);
            } catch (OutOfMemoryError e) {
                // The longer page does as well.
                return;
            }
        }
    }

    /** Frees what so many buckets no longer need, and one more did. */
    private void dropPage(long root, int buckets) {
        if (buckets < PAGE_BUCKETS || (buckets & PAGE_BUCKETS - 1) != 0) {
            return;
        }
        long directory = Memory.getLong(root + PAGES);
        int room = Memory.getInt(root + ROOM);
        blocks.freeBlock(root, Memory.getLong(directory + (buckets >>> PAGE_SHIFT << 3)));
        if (buckets == PAGE_BUCKETS) {
            Memory.putLong(root + PAGES, Memory.getLong(directory));
            freePages(root, directory, 8);
            Memory.putInt(root + ROOM, PAGE_BUCKETS);
        } else if (room > FEWEST_BUCKETS && buckets >>> PAGE_SHIFT <= room / 4) {
            try {
                replacePages(root, 8L * (buckets >>> PAGE_SHIFT), room / 2, 8);
            } catch (OutOfMemoryError e) {
                // The longer directory does as well.
                return;
            }
        }
    }

    /** Adds a bucket's slots to those that move, and its further lines to the spare ones. */
    private void collect(long first) {
        long at = first;
        long end = at + LINE;
        while (at != end) {
            long slot = Memory.getLong(at);
            if (slot == 0) {
                return;
            }
            if (slot < 0) {
                at = address(slot);
                end = at + LINE;
                addSpare(at);
                continue;
            }
            if (movingCount == moving.length) {
                moving = Arrays.copyOf(moving, 2 * movingCount);
            }
            moving[movingCount++] = slot;
            at += 8;
        }
    }

    private void addSpare(long line) {
        if (spareCount == spares.length) {
            spares = Arrays.copyOf(spares, 2 * spareCount);
        }
        spares[spareCount++] = line;
    }

    private void freeSpares(long root) {
        while (spareCount > 0) {
            blocks.freeBlock(root, spares[--spareCount]);
        }
    }

    /** Writes a bucket anew, with slots that move, from one to before another; further lines are taken from the spare ones. */
    private void fill(long first, int from, int to) {
        long line = first;
        long at = line;
        Memory.fill(line, LINE, (byte) 0);
        for (int i = from; i < to; i++) {
            if (at == line + LAST && i + 1 < to) {
                line = spares[--spareCount];
                Memory.fill(line, LINE, (byte) 0);
                Memory.putLong(at, LINK | line << ADDRESS_SHIFT);
                at = line;
            }
            Memory.putLong(at, moving[i]);
            at += 8;
        }
    }
}
