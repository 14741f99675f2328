package io.solaster.store.keyspace;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/**
 * Blocks for one keyspace's entries and table, with about 1 % of overhead: the slab scheme of Bonwick (USENIX 1994),
 * with jemalloc's close size classes.
 *
 * <p>
 * A <em>chunk</em> of 4 MiB is mapped from the kernel and holds 64 <em>pages</em> of 64 KiB, each aligned to its size
 * and cut into blocks of one size class, so that a block's page is found by masking its address. A page starts with its
 * header (free list, live count, links); free blocks are threaded through themselves. A page without live blocks goes
 * back to its chunk and is discarded once more than {@link #SLACK_PAGES} such pages are resident; a chunk without used
 * pages is unmapped, save one. Blocks over {@link #LARGEST} are {@link LargeBlocks}.
 *
 * <p>
 * {@link #drop} takes all blocks back without asking the kernel for anything: what was in use is free and resident then,
 * is used again before anything is mapped, and {@link #release} gives the rest back piece by piece. What makes the
 * memory in use grow first releases as much, so that it never exceeds what it was before the drop.
 *
 * <p>
 * Every method takes constant time, bar the look for a chunk with a free page (a bit a chunk), {@link #drop} (some ns a
 * chunk) and what the kernel does: about a dozen microseconds for a page discarded. On the owning shard. A method that
 * throws {@link OutOfMemoryError} has changed nothing.
 */
final class Slabs implements AutoCloseable {
    static final int PAGE = 1 << 16;
    static final int CHUNK_PAGES = 64;
    /** Resident pages without live blocks that are kept, so that a size that comes and goes costs no page faults. */
    static final int SLACK_PAGES = 32;
    private static final long CHUNK = (long) PAGE * CHUNK_PAGES;
    private static final long MAPPED = CHUNK + PAGE; // address space for aligning, never touched

    private static final int HEADER = 64;
    private static final int COLOURS = 8;
    /** What a page offers to blocks. */
    static final int PAGE_ROOM = PAGE - HEADER * COLOURS;
    /** The largest block cut from a page, in bytes. */
    static final int LARGEST = PAGE_ROOM / 2;

    private static final int FREE_LIST = 0;
    private static final int NEXT = 8;
    private static final int PREVIOUS = 16;
    private static final int UNCUT = 24; // first byte never handed out
    private static final int CLASS = 32;
    private static final int LIVE = 36;
    private static final int CHUNK_INDEX = 40;

    /** Pages given back at once. */
    private static final int PIECE_PAGES = (int) (LargeBlocks.PIECE / PAGE);

    private static final short[] BLOCK_SIZES = blockSizes();
    private static final byte[] CLASS_OF_WORDS = classes();

    private final SystemMemory system;
    private final LargeBlocks large;
    /** Pages that have room, by class; those at the tail have rested longest and may yet empty. */
    private final long[] heads = new long[BLOCK_SIZES.length];
    private final long[] tails = new long[BLOCK_SIZES.length];

    private final int[] pages = new int[BLOCK_SIZES.length];
    private final long[] blocks = new long[BLOCK_SIZES.length]; // handed out
    private final int fixedClass;
    private int nextClass; // to be looked at for sparse pages
    private long evacuated; // a page that is in no list, since its blocks are to leave it; or 0
    private long nextMoved; // in that page

    private long[] chunks = new long[4]; // first page's address, 0 if none
    private long[] mappings = new long[4]; // what the system gave
    private long[] freePages = new long[4]; // a bit a page
    private long[] dirtyPages = new long[4]; // free, yet resident
    private long[] roomy = new long[1]; // a bit a chunk with free pages
    private int chunkCount; // slots used in the arrays
    private int idleChunks;
    private long pagesInUse;
    private int dirtyCount;
    private int releasing = -1; // the chunk whose free pages are given back next, and then those before it; or -1
    private long live;

    /** Blocks that are asked for with {@code fixed} bytes, and others of their class, are never to be moved. */
    Slabs(SystemMemory system, int fixed) {
        this.system = system;
        large = new LargeBlocks(system);
        fixedClass = CLASS_OF_WORDS[(fixed + 7) >>> 3];
    }

    /**
     * Steps of 8 bytes up to 512; then the sizes that fill a page without a rest, at least an eighth apart, and from
     * 2000 bytes on whole cache lines, which keep blocks aligned to those.
     */
    private static short[] blockSizes() {
        short[] sizes = new short[128];
        int count = 0;
        for (int size = 16; size <= 512; size += 8) {
            sizes[count++] = (short) size;
        }
        for (int perPage = PAGE_ROOM / 512 * 8 / 9; perPage >= 2; perPage = Math.min(perPage - 1, perPage * 8 / 9)) {
            int size = PAGE_ROOM / perPage;
            sizes[count++] = (short) (size & (size < 2000 ? -8 : -HEADER));
        }
        return Arrays.copyOf(sizes, count);
    }

    private static byte[] classes() {
        byte[] classes = new byte[LARGEST / 8 + 1];
        int c = 0;
        for (int words = 0; words < classes.length; words++) {
            if (words * 8 > BLOCK_SIZES[c]) {
                c++;
            }
            classes[words] = (byte) c;
        }
        return classes;
    }

    /** Whether a block that was asked for with so many bytes is a large one, to be given to the methods for those. */
    static boolean large(long bytes) {
        return bytes > LARGEST;
    }

    /** Bytes in blocks that are handed out, rounding included. */
    long live() {
        return live + large.liveBytes();
    }

    /** Bytes taken from the system: pages in use or resident, and large blocks. */
    long used() {
        return (pagesInUse + dirtyCount) * PAGE + large.usedBytes();
    }

    /** A block of at least so many bytes, aligned to 8; content undefined. */
    long allocate(long bytes) {
        if (large(bytes)) {
            release(bytes);
            return large.allocate(bytes);
        }
        int sizeClass = CLASS_OF_WORDS[(int) (bytes + 7) >>> 3];
        long page = heads[sizeClass];
        if (page == 0) {
            page = cut(sizeClass);
        }
        int size = BLOCK_SIZES[sizeClass];
        long block = Memory.getLong(page + FREE_LIST);
        if (block != 0) {
            Memory.putLong(page + FREE_LIST, Memory.getLong(block));
        } else {
            block = Memory.getLong(page + UNCUT);
            Memory.putLong(page + UNCUT, block + size);
        }
        int now = Memory.getInt(page + LIVE) + 1;
        Memory.putInt(page + LIVE, now);
        if ((now + 1) * size > PAGE_ROOM) {
            unlink(page, sizeClass);
        }
        live += size;
        blocks[sizeClass]++;
        return block;
    }

    /** Takes a block back that is not a large one. */
    void free(long block) {
        long page = pageOf(block);
        int sizeClass = Memory.getInt(page + CLASS);
        int size = BLOCK_SIZES[sizeClass];
        int now = Memory.getInt(page + LIVE) - 1;
        boolean wasFull = (now + 2) * size > PAGE_ROOM;
        live -= size;
        blocks[sizeClass]--;
        if (now == 0) {
            if (page == evacuated) {
                evacuated = 0;
            } else if (!wasFull) {
                unlink(page, sizeClass);
            }
            pages[sizeClass]--;
            releasePage(page);
            return;
        }
        Memory.putInt(page + LIVE, now);
        Memory.putLong(block, Memory.getLong(page + FREE_LIST));
        Memory.putLong(page + FREE_LIST, block);
        if (wasFull && page != evacuated) {
            append(page, sizeClass);
        }
    }

    /**
     * The next block of a page that would better be empty, handed out or not: the caller can tell. Or 0 if no class has
     * sparse pages. Blocks that are allocated meanwhile are never in that page.
     */
    long nextToMove() {
        if (evacuated != 0 && nextMoved >= Memory.getLong(evacuated + UNCUT)) {
            // Some block could not be moved, for want of memory.
            append(evacuated, Memory.getInt(evacuated + CLASS));
            evacuated = 0;
        }
        if (evacuated == 0 && !chooseSparsePage()) {
            return 0;
        }
        long block = nextMoved;
        nextMoved += BLOCK_SIZES[Memory.getInt(evacuated + CLASS)];
        return block;
    }

    private boolean chooseSparsePage() {
        for (int i = 0; i < BLOCK_SIZES.length; i++) {
            int sizeClass = nextClass;
            long perPage = PAGE_ROOM / BLOCK_SIZES[sizeClass];
            long room = pages[sizeClass] * perPage;
            long idle = room - blocks[sizeClass];
            if (idle > 2 * perPage && idle > room / 8 && sizeClass != fixedClass) {
                long sparsest = heads[sizeClass];
                long page = sparsest;
                for (int looks = 0; page != 0 && looks < 16; looks++) {
                    if (Memory.getInt(page + LIVE) < Memory.getInt(sparsest + LIVE)) {
                        sparsest = page;
                    }
                    page = Memory.getLong(page + NEXT);
                }
                unlink(sparsest, sizeClass);
                evacuated = sparsest;
                nextMoved = sparsest + HEADER;
                return true;
            }
            nextClass = sizeClass + 1 == BLOCK_SIZES.length ? 0 : sizeClass + 1;
        }
        return false;
    }

    /** Bytes in a block that is not a large one. */
    int capacity(long block) {
        return BLOCK_SIZES[Memory.getInt(pageOf(block) + CLASS)];
    }

    long largeCapacity(long block) {
        return LargeBlocks.capacity(block);
    }

    void freeLarge(long block) {
        large.free(block);
    }

    /** Headers lie at varied offsets: at one offset in every page they would compete for the same cache sets. */
    private static long headerOf(long page) {
        return page + (page >>> 10 & HEADER * (COLOURS - 1));
    }

    private static long pageOf(long block) {
        return headerOf(block & -PAGE);
    }

    /** Prepares a free page for blocks of a class. */
    private long cut(int sizeClass) {
        int chunk = roomyChunk();
        long dirty = dirtyPages[chunk];
        int index = Long.numberOfTrailingZeros(dirty != 0 ? dirty : freePages[chunk]);
        long bit = 1L << index;
        if (freePages[chunk] == -1L) {
            idleChunks--;
        }
        if ((dirty & bit) != 0) {
            dirtyPages[chunk] = dirty & ~bit;
            dirtyCount--;
        } else {
            large.release(PAGE);
        }
        freePages[chunk] &= ~bit;
        if (freePages[chunk] == 0) {
            roomy[chunk >>> 6] &= ~(1L << chunk);
        }
        pagesInUse++;
        long page = headerOf(chunks[chunk] + (long) index * PAGE);
        Memory.putLong(page + FREE_LIST, 0);
        Memory.putLong(page + UNCUT, page + HEADER);
        Memory.putInt(page + CLASS, sizeClass);
        Memory.putInt(page + LIVE, 0);
        Memory.putInt(page + CHUNK_INDEX, chunk);
        pages[sizeClass]++;
        append(page, sizeClass);
        return page;
    }

    private void releasePage(long header) {
        long page = header & -PAGE;
        int chunk = Memory.getInt(header + CHUNK_INDEX);
        long bit = 1L << ((page - chunks[chunk]) / PAGE);
        freePages[chunk] |= bit;
        roomy[chunk >>> 6] |= 1L << chunk;
        pagesInUse--;
        if (dirtyCount < SLACK_PAGES) {
            dirtyPages[chunk] |= bit;
            dirtyCount++;
        } else {
            system.discard(page, PAGE);
        }
        if (freePages[chunk] == -1L && ++idleChunks > 1) {
            unmap(chunk);
        }
    }

    /** The first chunk with a free page: filling from the front lets those behind empty. */
    private int roomyChunk() {
        for (int i = 0; i < roomy.length; i++) {
            if (roomy[i] != 0) {
                return i << 6 | Long.numberOfTrailingZeros(roomy[i]);
            }
        }
        int chunk = 0;
        while (chunk < chunkCount && chunks[chunk] != 0) {
            chunk++;
        }
        if (chunk == chunks.length) {
            int longer = chunk * 2;
            chunks = Arrays.copyOf(chunks, longer);
            mappings = Arrays.copyOf(mappings, longer);
            freePages = Arrays.copyOf(freePages, longer);
            dirtyPages = Arrays.copyOf(dirtyPages, longer);
            roomy = Arrays.copyOf(roomy, (longer + 63) / 64);
        }
        long mapping = system.map(MAPPED);
        mappings[chunk] = mapping;
        chunks[chunk] = mapping + PAGE - 1 & -PAGE;
        freePages[chunk] = -1L;
        dirtyPages[chunk] = 0;
        roomy[chunk >>> 6] |= 1L << chunk;
        chunkCount = Math.max(chunkCount, chunk + 1);
        idleChunks++;
        return chunk;
    }

    private void unmap(int chunk) {
        if (!system.unmap(mappings[chunk], MAPPED)) {
            discard(chunk);
            return;
        }
        dirtyCount -= Long.bitCount(dirtyPages[chunk]);
        idleChunks--;
        chunks[chunk] = 0;
        freePages[chunk] = 0;
        dirtyPages[chunk] = 0;
        roomy[chunk >>> 6] &= ~(1L << chunk);
    }

    private void discard(int chunk) {
        system.discard(chunks[chunk], CHUNK);
        dirtyCount -= Long.bitCount(dirtyPages[chunk]);
        dirtyPages[chunk] = 0;
    }

    private void append(long page, int sizeClass) {
        long tail = tails[sizeClass];
        Memory.putLong(page + NEXT, 0);
        Memory.putLong(page + PREVIOUS, tail);
        if (tail == 0) {
            heads[sizeClass] = page;
        } else {
            Memory.putLong(tail + NEXT, page);
        }
        tails[sizeClass] = page;
    }

    private void unlink(long page, int sizeClass) {
        long next = Memory.getLong(page + NEXT);
        long previous = Memory.getLong(page + PREVIOUS);
        if (previous == 0) {
            heads[sizeClass] = next;
        } else {
            Memory.putLong(previous + NEXT, next);
        }
        if (next == 0) {
            tails[sizeClass] = previous;
        } else {
            Memory.putLong(next + PREVIOUS, previous);
        }
    }

    /** Takes all blocks back at once. */
    void drop() {
        large.drop();
        Arrays.fill(heads, 0);
        Arrays.fill(tails, 0);
        Arrays.fill(pages, 0);
        Arrays.fill(blocks, 0);
        evacuated = 0;
        idleChunks = 0;
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            if (chunks[chunk] != 0) {
                idleChunks++;
                long inUse = ~freePages[chunk];
                dirtyPages[chunk] |= inUse;
                dirtyCount += Long.bitCount(inUse);
                freePages[chunk] = -1L;
                roomy[chunk >>> 6] |= 1L << chunk;
            }
        }
        pagesInUse = 0;
        live = 0;
        releasing = chunkCount - 1;
    }

    /**
     * Gives about so many bytes back to the system, of what was dropped and of large blocks that were freed: about 60 us
     * for a megabyte, spent in the kernel.
     *
     * @return whether there may be more to give back
     */
    boolean release(long bytes) {
        long left = large.release(bytes);
        while (left > 0 && releasing >= 0) {
            long dirty = dirtyPages[releasing];
            if (dirty != 0) {
                left -= discardLast(releasing, dirty);
                continue;
            }
            if (chunks[releasing] != 0 && freePages[releasing] == -1L && idleChunks > 1) {
                unmap(releasing);
            }
            left -= PAGE;
            releasing--;
        }
        return left <= 0;
    }

    /** Discards the last of a chunk's free pages, and those right before that one. */
    private long discardLast(int chunk, long dirty) {
        int end = 64 - Long.numberOfLeadingZeros(dirty);
        int first = end - 1;
        while (first > 0 && end - first < PIECE_PAGES && (dirty >>> first - 1 & 1) != 0) {
            first--;
        }
        int count = end - first;
        dirtyPages[chunk] = dirty & ~((1L << count) - 1 << first);
        dirtyCount -= count;
        long bytes = (long) count * PAGE;
        system.discard(chunks[chunk] + (long) first * PAGE, bytes);
        return bytes;
    }

    @Override
    public void close() {
        drop();
        large.release(Long.MAX_VALUE);
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            if (chunks[chunk] != 0) {
                unmap(chunk);
            }
        }
        chunkCount = 0;
        releasing = -1;
    }
}
