package io.solaster.store.keyspace;

/** Where the search for keys that are due goes on. On the owning shard. */
final class ExpirySweep {
    /** Removes what was found; false if that is to stay. */
    @FunctionalInterface
    interface Removal {
        boolean remove(long h, long at);
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
        int stayed = 0; // slots at the front of the bucket
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
            long line = Segment.bucket(segment, bucket);
            long at = Segment.dueIn(line, stayed, now);
            if (at == 0) {
                bucket++;
                stayed = 0;
                steps += Segment.BUCKET_SLOTS;
            } else if (removal.remove(hash, at)) {
                // The bucket is looked at again: another slot may have taken this one's place.
                removed++;
                steps++;
            } else {
                stayed = (int) (at - line) / Long.BYTES + 1;
            }
        }
        return removed;
    }
}
