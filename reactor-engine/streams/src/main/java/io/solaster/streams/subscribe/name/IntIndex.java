package io.solaster.streams.subscribe.name;

import java.util.Arrays;

import io.solaster.config.Internal;

/** Numbers by the hash of what they stand for: open addressing, at most half full. Who asks compares. On one shard. */
@Internal
public final class IntIndex {
    /** At a place that holds no number. */
    public static final int NONE = -1;
    private static final int LEAST = 16;

    private int[] ids = empty(LEAST);
    private int[] hashes = new int[LEAST];
    private int size;

    private static int[] empty(int capacity) {
        int[] ids = new int[capacity];
        Arrays.fill(ids, NONE);
        return ids;
    }

    /** Where to look for a hash first; {@link #next} follows while there is a number. */
    public int first(int hash) {
        return hash & ids.length - 1;
    }

    public int next(int place) {
        return place + 1 & ids.length - 1;
    }

    /** The number at a place, or {@link #NONE}. */
    public int at(int place) {
        return ids[place];
    }

    public int hashAt(int place) {
        return hashes[place];
    }

    public int size() {
        return size;
    }

    public void add(int hash, int id) {
        if (2 * (size + 1) > ids.length) {
            resize(ids.length * 2);
        }
        put(hash, id);
        size++;
    }

    private void put(int hash, int id) {
        int place = first(hash);
        while (ids[place] != NONE) {
            place = next(place);
        }
        ids[place] = id;
        hashes[place] = hash;
    }

    /** Removes a number that is there. What stands behind it moves up, so that nothing marks where it was. */
    public void remove(int hash, int id) {
        int gap = first(hash);
        while (ids[gap] != id) {
            gap = next(gap);
        }
        for (int place = next(gap); ids[place] != NONE; place = next(place)) {
            int wanted = first(hashes[place]);
            if ((place - wanted & ids.length - 1) >= (place - gap & ids.length - 1)) {
                ids[gap] = ids[place];
                hashes[gap] = hashes[place];
                gap = place;
            }
        }
        ids[gap] = NONE;
        size--;
        if (ids.length > LEAST && 8 * size < ids.length) {
            resize(ids.length / 2);
        }
    }

    private void resize(int capacity) {
        int[] oldIds = ids;
        int[] oldHashes = hashes;
        ids = empty(capacity);
        hashes = new int[capacity];
        for (int place = 0; place < oldIds.length; place++) {
            if (oldIds[place] != NONE) {
                put(oldHashes[place], oldIds[place]);
            }
        }
    }
}
