package io.solaster.store.tracking;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/** The beginning of keys of which clients want to know all. On the owning shard only. */
final class Prefix {
    final byte[] bytes;
    long[] trackers = {};

    Prefix(byte[] bytes) {
        this.bytes = bytes;
    }

    boolean isOf(long key, int length) {
        if (length < bytes.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if (Memory.getByte(key + i) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    void add(long number) {
        remove(number);
        trackers = Arrays.copyOf(trackers, trackers.length + 1);
        trackers[trackers.length - 1] = number;
    }

    void remove(long number) {
        trackers = Arrays.stream(trackers).filter(each -> each != number).toArray();
    }
}
