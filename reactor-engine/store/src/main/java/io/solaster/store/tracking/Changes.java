package io.solaster.store.tracking;

import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/** What the clients of one shard are to be told; belongs to one shard at a time. */
final class Changes {
    final KeyList keys = new KeyList();
    long[] trackers = new long[8];
    int[] key = new int[8];
    byte[][] prefix = new byte[8][];
    int count;

    void add(long tracker, byte @Nullable [] itsPrefix) {
        if (count == trackers.length) {
            trackers = Arrays.copyOf(trackers, count * 2);
            key = Arrays.copyOf(key, count * 2);
            prefix = Arrays.copyOf(prefix, count * 2);
        }
        trackers[count] = tracker;
        key[count] = keys.count() - 1;
        prefix[count++] = itsPrefix == null ? Tracker.BY_KEY : itsPrefix;
    }
}
