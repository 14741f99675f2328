package io.solaster.streams.subscribe;

import java.util.Arrays;

/** Numbers of what takes a name. On one shard. */
final class Found {
    private int[] ids = new int[16];
    private int count;

    void clear() {
        count = 0;
    }

    void add(int id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id;
    }

    int count() {
        return count;
    }

    int at(int i) {
        return ids[i];
    }
}
