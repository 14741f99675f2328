package io.solaster.streams.subscribe.name;

import java.util.Arrays;

import io.solaster.config.Internal;

/** Numbers of what takes a name. On one shard. */
@Internal
public final class Found {
    private int[] ids = new int[16];
    private int count;

    public void clear() {
        count = 0;
    }

    public void add(int id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id;
    }

    public int count() {
        return count;
    }

    public int at(int i) {
        return ids[i];
    }
}
