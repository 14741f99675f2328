package io.solaster.engine.memory;

import java.util.Arrays;

/**
 * Blocks of memory outside the heap for what lives long, with about 1 % of overhead: the slab scheme of Bonwick (USENIX
 * 1994), with jemalloc's close size classes. A block is an address, for {@link Memory}; whoever was given it owns it until
 * it is freed. Nothing checks that a block is freed once, and not used after that.
 *
 * <p>
 * A <em>chunk</em> of 4 MiB is mapped from the kernel and holds 64 <em>pages</em> of 64 KiB, each aligned to its size
 * and cut into blocks of one size class, so that a block's page is found by masking its address. A page starts with its
 * header (free list, live count, links); free blocks are threaded through themselves. A page without live blocks goes
 * back to its chunk and is discarded once more than {@link #SLACK_PAGES} such pages are resident; a chunk without used
 * pages is unmapped, save one. Blocks over {@link #LARGEST} are {@link LargeBlocks}.
 *
 * <p>
 * Where the system has huge pages ({@link SystemMemory#isHuge}), a chunk is two of those. The first page of one that is
 * used makes all of it resident, and it is discarded as a whole once none is used: to discard a part of it would split
 * it. {@link #trim} does that all the same, where memory is scarcer than time.
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
 *
 * <p>
 * Longer than 500 lines because chunks, pages and blocks are one state, which every block handed out or freed may change.
 */
public final class Slabs implements AutoCloseable {
    /** Bytes of a page, which is cut into blocks of one size class. */
    public static final int PAGE = 1 << 16;
    /** A large block of so many bytes is zero when it is handed out: the kernel's pages are, and none is touched. */
    public static final long ZERO_FROM = 32 << 20;
    private static final int CHUNK_PAGES = 64;
    /** Resident pages without live blocks that are kept, so that a size that comes and goes costs no page faults. */
    public static final int SLACK_PAGES = 32;
    private static final long CHUNK = (long) PAGE * CHUNK_PAGES;
    private static final int HUGE_PAGES = (int) (SystemMemory.ALIGNMENT / PAGE);

    private static final int HEADER = 64;
    private static final int COLOURS = 8;
    /** What a page offers to blocks. */
    static final int PAGE_ROOM = PAGE - HEADER * COLOURS;
    /** The largest block cut from a page, in bytes. */
    public static final int LARGEST = PAGE_ROOM / 2;

    private static final int FREE_LIST = 0;
    private static final int NEXT = 8;
    private static final int PREVIOUS = 16;
    private static final int UNCUT = 24; // first byte never handed out
    private static final int CLASS = 32;
    private static final int LIVE = 36;
    private static final int CHUNK_INDEX = 40;
    private static final int LEAVING = 44; // 1 if its blocks are to leave it

    private static final short[] BLOCK_SIZES = SizeClasses.sizes(PAGE_ROOM, HEADER);
    private static final int LEAVING_LIST = BLOCK_SIZES.length;
    private static final byte[] CLASS_OF_WORDS = SizeClasses.byWords(BLOCK_SIZES, LARGEST);

    private final SystemMemory system;
    private final LargeBlocks large;
    /** Pages that become resident together. */
    private final int unitPages;
    /** Pages given back at once. */
    private final int piecePages;
    /**
     * Pages that have room, by class; those at the tail have rested longest and may yet empty. The last list is that of
     * the pages that {@link #leave} chose.
     */
    private final long[] heads = new long[BLOCK_SIZES.length + 1];
    private final long[] tails = new long[BLOCK_SIZES.length + 1];

    private final int[] pages = new int[BLOCK_SIZES.length];
    private final long[] blocks = new long[BLOCK_SIZES.length]; // handed out
    private final int[] leaving = new int[BLOCK_SIZES.length]; // pages, by class
    private int nextClass; // to be looked at for sparse pages
    private long evacuated; // a page that is in no list, since its blocks are to leave it; or 0
    private long nextMoved; // in that page

    private long[] chunks = new long[4]; // first page's address, 0 if none
    private long[] freePages = new long[4]; // a bit a page
    private long[] dirtyPages = new long[4]; // free, yet resident
    private long[] roomy = new long[1]; // a bit a chunk with free pages
    private int chunkCount; // slots used in the arrays
    private int idleChunks;
    private long pagesInUse;
    private int dirtyCount;
    private int restingUnits; // without live blocks, yet resident
    private int releasing = -1; // the chunk whose free pages are given back next, and then those before it; or -1
    private long live;
    private long told; // what the system was told that is used

    /** Takes nothing from the system yet. */
    public Slabs(SystemMemory system) {
        this.system = system;
        large = new LargeBlocks(system);
        unitPages = system.isHuge() ? HUGE_PAGES : 1;
        piecePages = system.isHuge() ? HUGE_PAGES : (int) (LargeBlocks.PIECE / PAGE);
    }

    /** Whether a block that was asked for with so many bytes is a large one, to be given to the methods for those. */
    public static boolean large(long bytes) {
        return bytes > LARGEST;
    }

    /** Bytes in blocks that are handed out, rounding included. */
    public long live() {
        return live + large.liveBytes();
    }

    /** Bytes taken from the system: pages in use or resident, and large blocks. */
    public long used() {
        return (pagesInUse + dirtyCount) * PAGE + large.usedBytes();
    }

    private void tell() {
        long now = used();
        if (now != told) {
            long more = now - told;
            told = now;
            system.grown(more);
        }
    }

    /** A block of at least so many bytes, aligned to 8; content undefined, but zero from {@link #ZERO_FROM} on. */
    public long allocate(long bytes) {
        if (large(bytes)) {
            release(bytes);
            long block = large.allocate(bytes);
            tell();
            return block;
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
    public void free(long block) {
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
            } else if (Memory.getInt(page + LEAVING) != 0) {
                unlink(page, LEAVING_LIST);
                leaving[sizeClass]--;
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
        if (wasFull && page != evacuated && Memory.getInt(page + LEAVING) == 0) {
            append(page, sizeClass);
        }
    }

    /**
     * The next block of a page that would better be empty, handed out or not: the caller can tell. Or 0 if no class has
     * sparse pages. Blocks that are allocated meanwhile are never in that page.
     */
    public long nextToMove() {
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
        long page = takeSparsePage();
        if (page == 0) {
            return false;
        }
        evacuated = page;
        nextMoved = page + HEADER;
        return true;
    }

    /** Takes a sparse page out of its list; 0 if there is none. */
    private long takeSparsePage() {
        for (int i = 0; i < BLOCK_SIZES.length; i++) {
            int sizeClass = nextClass;
            long perPage = PAGE_ROOM / BLOCK_SIZES[sizeClass];
            long room = (pages[sizeClass] - leaving[sizeClass]) * perPage;
            long idle = room - blocks[sizeClass];
            if (idle > 2 * perPage && idle > room / 8) {
                long sparsest = heads[sizeClass];
                long page = sparsest;
                for (int looks = 0; page != 0 && looks < 16; looks++) {
                    if (Memory.getInt(page + LIVE) < Memory.getInt(sparsest + LIVE)) {
                        sparsest = page;
                    }
                    page = Memory.getLong(page + NEXT);
                }
                unlink(sparsest, sizeClass);
                return sparsest;
            }
            nextClass = sizeClass + 1 == BLOCK_SIZES.length ? 0 : sizeClass + 1;
        }
        return 0;
    }

    /**
     * Chooses sparse pages, for an owner who finds its blocks by its own ways: what lies in them it should allocate anew,
     * copy and free, where {@link #isLeaving} says so. New blocks are never in them. Not beside {@link #nextToMove}.
     *
     * @param maxPages
     *            how many to choose
     * @return how many were chosen; fewer than asked for once no more are sparse
     */
    public int leave(int maxPages) {
        int chosen = 0;
        while (chosen < maxPages) {
            long page = takeSparsePage();
            if (page == 0) {
                break;
            }
            leaving[Memory.getInt(page + CLASS)]++;
            Memory.putInt(page + LEAVING, 1);
            append(page, LEAVING_LIST);
            chosen++;
        }
        return chosen;
    }

    /** Whether a block, not a large one, lies in a page that {@link #leave} chose. */
    public static boolean isLeaving(long block) {
        return Memory.getInt(pageOf(block) + LEAVING) != 0;
    }

    /** Lets the pages that {@link #leave} chose, and that were not emptied, be as the others. */
    public void stay() {
        while (heads[LEAVING_LIST] != 0) {
            long page = heads[LEAVING_LIST];
            unlink(page, LEAVING_LIST);
            Memory.putInt(page + LEAVING, 0);
            int sizeClass = Memory.getInt(page + CLASS);
            leaving[sizeClass]--;
            append(page, sizeClass);
        }
    }

    /** Bytes in a block that is not a large one. */
    public int capacity(long block) {
        return BLOCK_SIZES[Memory.getInt(pageOf(block) + CLASS)];
    }

    /** Bytes in a block that is a large one. */
    public static long largeCapacity(long block) {
        return LargeBlocks.capacity(block);
    }

    /**
     * Takes a block back that is a large one. One that is held stays as it is, and counts as used, until it is let go.
     */
    public void freeLarge(long block) {
        large.free(block);
        tell();
    }

    /**
     * Keeps a large block as it is for whoever reads it yet, though it is freed or dropped meanwhile, or these slabs are
     * closed: until {@link #letGoLarge} was called as often as this.
     */
    public void holdLarge(long block) {
        large.hold(block);
    }

    /** Ends what {@link #holdLarge} began. */
    public void letGoLarge(long block) {
        large.letGo(block);
        tell();
    }

    /** Whether anybody holds a large block, so that nobody may write to it. */
    public static boolean isHeldLarge(long block) {
        return LargeBlocks.isHeld(block);
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
        restingUnits -= restingIn(chunk);
        long dirty = dirtyPages[chunk];
        int index = Long.numberOfTrailingZeros(dirty != 0 ? dirty : freePages[chunk]);
        long bit = 1L << index;
        if (freePages[chunk] == -1L) {
            idleChunks--;
        }
        if ((dirty & bit) == 0) {
            long unit = unitOf(index);
            // One that is touched for the first time becomes resident as a whole.
            long resident = (freePages[chunk] & unit) == unit && (dirty & unit) == 0 ? unit : bit;
            large.release((long) Long.bitCount(resident) * PAGE);
            dirty |= resident;
            dirtyCount += Long.bitCount(resident);
        }
        dirtyPages[chunk] = dirty & ~bit;
        dirtyCount--;
        freePages[chunk] &= ~bit;
        if (freePages[chunk] == 0) {
            roomy[chunk >>> 6] &= ~(1L << chunk);
        }
        restingUnits += restingIn(chunk);
        pagesInUse++;
        tell();
        long page = headerOf(chunks[chunk] + (long) index * PAGE);
        Memory.putLong(page + FREE_LIST, 0);
        Memory.putLong(page + UNCUT, page + HEADER);
        Memory.putInt(page + CLASS, sizeClass);
        Memory.putInt(page + LIVE, 0);
        Memory.putInt(page + CHUNK_INDEX, chunk);
        Memory.putInt(page + LEAVING, 0);
        pages[sizeClass]++;
        append(page, sizeClass);
        return page;
    }

    private void releasePage(long header) {
        long page = header & -PAGE;
        int chunk = Memory.getInt(header + CHUNK_INDEX);
        int index = (int) ((page - chunks[chunk]) / PAGE);
        freePages[chunk] |= 1L << index;
        dirtyPages[chunk] |= 1L << index;
        roomy[chunk >>> 6] |= 1L << chunk;
        pagesInUse--;
        dirtyCount++;
        long unit = unitOf(index);
        if ((freePages[chunk] & unit) == unit) {
            restingUnits++;
            if (restingUnits * unitPages > SLACK_PAGES) {
                discard(chunk, unit);
            }
        }
        if (freePages[chunk] == -1L && ++idleChunks > 1) {
            unmap(chunk);
        }
        tell();
    }

    /** The pages that become resident with this one. */
    private long unitOf(int page) {
        return unitPages == 1 ? 1L << page : 0xFFFF_FFFFL << (page & HUGE_PAGES);
    }

    private int restingIn(int chunk) {
        if (unitPages == 1) {
            return Long.bitCount(dirtyPages[chunk]);
        }
        return (rests(chunk, unitOf(0)) ? 1 : 0) + (rests(chunk, unitOf(HUGE_PAGES)) ? 1 : 0);
    }

    private boolean rests(int chunk, long unit) {
        return (freePages[chunk] & unit) == unit && (dirtyPages[chunk] & unit) != 0;
    }

    /** Discards pages that follow each other. Those of them that are resident are free. */
    private void discard(int chunk, long pages) {
        restingUnits -= restingIn(chunk);
        int first = Long.numberOfTrailingZeros(pages);
        system.discard(chunks[chunk] + (long) first * PAGE, (long) Long.bitCount(pages) * PAGE);
        dirtyCount -= Long.bitCount(dirtyPages[chunk] & pages);
        dirtyPages[chunk] &= ~pages;
        restingUnits += restingIn(chunk);
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
            freePages = Arrays.copyOf(freePages, longer);
            dirtyPages = Arrays.copyOf(dirtyPages, longer);
            roomy = Arrays.copyOf(roomy, (longer + 63) / 64);
        }
        chunks[chunk] = system.map(CHUNK);
        freePages[chunk] = -1L;
        dirtyPages[chunk] = 0;
        roomy[chunk >>> 6] |= 1L << chunk;
        chunkCount = Math.max(chunkCount, chunk + 1);
        idleChunks++;
        return chunk;
    }

    private void unmap(int chunk) {
        if (!system.unmap(chunks[chunk], CHUNK)) {
            discard(chunk, -1L);
            return;
        }
        restingUnits -= restingIn(chunk);
        dirtyCount -= Long.bitCount(dirtyPages[chunk]);
        idleChunks--;
        chunks[chunk] = 0;
        freePages[chunk] = 0;
        dirtyPages[chunk] = 0;
        roomy[chunk >>> 6] &= ~(1L << chunk);
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
    public void drop() {
        takeBack();
        tell();
    }

    private void takeBack() {
        large.drop();
        Arrays.fill(heads, 0);
        Arrays.fill(tails, 0);
        Arrays.fill(pages, 0);
        Arrays.fill(blocks, 0);
        Arrays.fill(leaving, 0);
        evacuated = 0;
        idleChunks = 0;
        restingUnits = 0;
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            if (chunks[chunk] != 0) {
                idleChunks++;
                long inUse = ~freePages[chunk];
                dirtyPages[chunk] |= inUse;
                dirtyCount += Long.bitCount(inUse);
                freePages[chunk] = -1L;
                roomy[chunk >>> 6] |= 1L << chunk;
                restingUnits += restingIn(chunk);
            }
        }
        pagesInUse = 0;
        live = 0;
        trim();
    }

    /** Has {@link #release} give back all that is resident and holds no block, what else is kept for use again too. */
    public void trim() {
        releasing = chunkCount - 1;
    }

    /**
     * Gives about so many bytes back to the system, of what was dropped or trimmed and of large blocks that were freed:
     * about 60 us for a megabyte, spent in the kernel.
     *
     * @return whether there may be more to give back
     */
    public boolean release(long bytes) {
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
        tell();
        return left <= 0;
    }

    /** Discards the last of a chunk's free pages, and those right before that one. */
    private long discardLast(int chunk, long dirty) {
        int end = 64 - Long.numberOfLeadingZeros(dirty);
        int first = end - 1;
        while (first % piecePages != 0 && (dirty >>> first - 1 & 1) != 0) {
            first--;
        }
        int count = end - first;
        discard(chunk, (1L << count) - 1 << first);
        return (long) count * PAGE;
    }

    /** Gives everything back. No block may be used any more; to allocate begins anew. */
    @Override
    public void close() {
        takeBack();
        large.release(Long.MAX_VALUE);
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            if (chunks[chunk] != 0) {
                unmap(chunk);
            }
        }
        releasing = -1;
        tell();
    }
}
