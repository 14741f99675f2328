package io.solaster.store.keyspace;

/**
 * Cursors over a keyspace. One names a position in the order of hashes and home buckets, which neither splits nor merges
 * change: a one and the segment's bits of hash, then the bucket.
 */
final class Scan {
    private static final int BUCKET_BITS = 7;

    private Scan() {}

    /** Visits the entries of one bucket; returns the cursor of the next, 0 at the end. */
    static long visit(Directory directory, long cursor, Keyspace.EntryVisitor visitor) {
        long position = cursor >>> BUCKET_BITS;
        int bits = position == 0 ? 0 : 63 - Long.numberOfLeadingZeros(position);
        int bucket = (int) cursor & (1 << BUCKET_BITS) - 1;
        if (bits > Directory.MAX_DEPTH || bucket >= Segment.BUCKETS) {
            return 0;
        }
        long h = bits == 0 ? 0 : position << -bits;
        long word = directory.word(h);
        int segmentBits = Directory.bits(word);
        if (segmentBits < bits) {
            // Merged since: of the neighbour's keys, none was visited, or all were, and then they are again.
            bucket = 0;
        }
        Segment.visitHome(Directory.segmentOf(word), bucket, visitor);
        if (++bucket == Segment.BUCKETS) {
            bucket = 0;
            h = Directory.after(h, segmentBits);
            if (h == 0) {
                return 0;
            }
        }
        return (1L << segmentBits | (segmentBits == 0 ? 0 : h >>> -segmentBits)) << BUCKET_BITS | bucket;
    }
}
