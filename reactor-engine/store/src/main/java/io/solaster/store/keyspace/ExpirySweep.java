package io.solaster.store.keyspace;

/** Where the search for keys that are due goes on. On the owning shard. */
final class ExpirySweep {
    /** Removes what was found. */
    @FunctionalInterface
    interface Removal {
        void remove(long h, long at);
    }

    private final Directory directory;
    private long hash; // whose segment is next
    private int bucket;

    ExpirySweep(Directory directory) {
        this.directory = directory;
    }

    void start() {
        hash = 0;
        bucket = 0;
    }

    /** Removes what is due, at most one round; returns how many keys. */
    int run(long now, int maxSteps, Removal removal) {
        int removed = 0;
        int steps = 0;
        long segmentsLeft = directory.segments() + 1;
        while (steps < maxSteps) {
            long word = directory.word(hash);
            long segment = Directory.segmentOf(word);
            if (bucket == Segment.BUCKETS || Segment.expiring(segment) == 0) {
                if (segmentsLeft-- == 0) {
                    break;
                }
                hash = Directory.after(hash, Directory.bits(word));
                bucket = 0;
                steps++;
                continue;
            }
            long at = Segment.dueIn(Segment.bucket(segment, bucket), now);
            if (at == 0) {
                bucket++;
                steps += Segment.BUCKET_SLOTS;
            } else {
                // The bucket is looked at again: another slot may have taken this one's place.
                removal.remove(hash, at);
                removed++;
                steps++;
            }
        }
        return removed;
    }
}
