package io.solaster.engine.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How often durations of each length occurred: one thread records, any thread reads. Buckets are linear within each
 * power of two, as in Gil Tene's HdrHistogram: eight of them, so that a length is known to an eighth, from 1 ns to
 * 68 s. What is longer counts as 68 s; the longest is kept as it was. Recording allocates nothing.
 */
public final class Histogram {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
    /** Eight buckets a power of two. */
    private static final int SUB_BITS = 3;
    private static final int SUB = 1 << SUB_BITS;
    private static final int MAX_BITS = 36;
    private static final long LARGEST = (1L << MAX_BITS) - 1;
    static final int BUCKETS = (MAX_BITS - SUB_BITS + 1) * SUB;
    /** Cells at either end that nobody writes, so that two shards' histograms share no cache line. */
    private static final int PAD = 16;
    private static final int SUM = PAD + BUCKETS;
    private static final int MAX = SUM + 1;

    private final long[] cells = new long[MAX + 1 + PAD];

    /** Counts one duration in nanoseconds; one below 0 counts as 0. The writing thread only. */
    public void record(long nanos) {
        record(nanos, 1);
    }

    /** Counts a duration in nanoseconds a number of times. The writing thread only. */
    public void record(long nanos, long times) {
        long value = Math.max(0, nanos);
        long[] cells = this.cells;
        add(cells, PAD + bucket(value), times);
        add(cells, SUM, value * times);
        if (value > cells[MAX]) {
            CELL.setOpaque(cells, MAX, value);
        }
    }

    private static void add(long[] cells, int cell, long amount) {
        CELL.setOpaque(cells, cell, cells[cell] + amount);
    }

    /**
     * What has been recorded up to now. Any thread. While another records, the snapshot may hold a part of what is
     * being recorded just now, and nothing worse.
     */
    public HistogramSnapshot snapshot() {
        long[] counts = new long[BUCKETS];
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] = read(PAD + i);
        }
        return new HistogramSnapshot(counts, read(SUM), read(MAX));
    }

    private long read(int cell) {
        return (long) CELL.getOpaque(cells, cell);
    }

    static int bucket(long value) {
        long capped = Math.min(value, LARGEST);
        if (capped < SUB) {
            return (int) capped;
        }
        int shift = Long.SIZE - 1 - SUB_BITS - Long.numberOfLeadingZeros(capped);
        return (shift << SUB_BITS) + (int) (capped >>> shift);
    }

    /** The largest value that falls into a bucket. */
    static long upperBound(int bucket) {
        if (bucket < SUB) {
            return bucket;
        }
        int shift = (bucket >>> SUB_BITS) - 1;
        return ((long) (SUB + (bucket & SUB - 1) + 1) << shift) - 1;
    }

    @Override
    public String toString() {
        return snapshot().toString();
    }
}
