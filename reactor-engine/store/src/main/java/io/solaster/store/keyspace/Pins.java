package io.solaster.store.keyspace;

import java.util.Arrays;

/** The few keys that somebody uses over several turns, by their hashes, whichever database they are in. On the owning shard. */
final class Pins {
    private long[] hashes = new long[4];
    private int count;

    /** Whether there is any: asked before a hash is made. */
    boolean isAny() {
        return count > 0;
    }

    void add(long hash) {
        if (count == hashes.length) {
            hashes = Arrays.copyOf(hashes, 2 * count);
        }
        hashes[count++] = hash;
    }

    /** Removes a hash once, if it is there. */
    void remove(long hash) {
        for (int i = 0; i < count; i++) {
            if (hashes[i] == hash) {
                hashes[i] = hashes[--count];
                return;
            }
        }
    }

    boolean has(long hash) {
        for (int i = 0; i < count; i++) {
            if (hashes[i] == hash) {
                return true;
            }
        }
        return false;
    }
}
