package io.solaster.store.tracking;

import java.util.Arrays;
import java.util.function.LongConsumer;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.KeyspaceHash;
import org.jspecify.annotations.Nullable;

/**
 * Which clients have read which keys of this shard: a table of numbers, and the keys' names off the heap, so that many of them
 * are no objects. On the owning shard only.
 */
final class TrackedKeys {
    private static final int NONE = -1;
    private static final int SMALLEST = 64;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /** The first of the entries of one client. */
    private static final class OfTracker {
        private int first = NONE;
    }

    private final KeyspaceHash hash;
    // Keys: where each name lies, and who has read it.
    private int[] buckets = filled(SMALLEST);
    private long[] address = new long[SMALLEST];
    private int[] length = new int[SMALLEST];
    private long[] hashes = new long[SMALLEST];
    private int[] nextKey = new int[SMALLEST];
    private int[] firstOfKey = new int[SMALLEST];
    private int freeKey = NONE;
    private int usedKeys;
    private int keys;
    private int next; // which key goes next where there are too many
    // Entries: that one client has read one key.
    private int[] pairs = filled(SMALLEST);
    private int[] nextPair = new int[SMALLEST];
    private int[] key = new int[SMALLEST];
    private long[] tracker = new long[SMALLEST];
    private int[] nextOfKey = new int[SMALLEST];
    private int[] previousOfKey = new int[SMALLEST];
    private int[] nextOfTracker = new int[SMALLEST];
    private int[] previousOfTracker = new int[SMALLEST];
    private int freeItem = NONE;
    private int usedItems;
    private int items;
    private final LongObjectMap<OfTracker> trackers = new LongObjectHashMap<>();

    TrackedKeys(KeyspaceHash hash) {
        this.hash = hash;
    }

    private static int[] filled(int size) {
        int[] all = new int[size];
        Arrays.fill(all, NONE);
        return all;
    }

    int keys() {
        return keys;
    }

    /** Entries: each key counts for each client that has read it. */
    int items() {
        return items;
    }

    /** Notes that a client has read a key. */
    void add(long number, long name, int nameLength) {
        long h = hash.hash(name, nameLength);
        int found = find(h, name, nameLength);
        if (found == NONE) {
            found = newKey(h, name, nameLength);
        } else if (isThere(found, number)) {
            return;
        }
        int item = newItem();
        key[item] = found;
        tracker[item] = number;
        previousOfKey[item] = NONE;
        nextOfKey[item] = firstOfKey[found];
        if (firstOfKey[found] != NONE) {
            previousOfKey[firstOfKey[found]] = item;
        }
        firstOfKey[found] = item;
        OfTracker own = trackers.get(number);
        if (own == null) {
            own = new OfTracker();
            trackers.put(number, own);
        }
        previousOfTracker[item] = NONE;
        nextOfTracker[item] = own.first;
        if (own.first != NONE) {
            previousOfTracker[own.first] = item;
        }
        own.first = item;
        int at = pair(found, number);
        nextPair[item] = pairs[at];
        pairs[at] = item;
    }

    /** Which number a key has here; below 0 if nobody has read it. */
    int find(long name, int nameLength) {
        return keys == 0 ? NONE : find(hash.hash(name, nameLength), name, nameLength);
    }

    private int find(long h, long name, int nameLength) {
        int at = buckets[(int) h & buckets.length - 1];
        while (at != NONE && !(hashes[at] == h && length[at] == nameLength
                && Memory.equal(address[at], name, nameLength))) {
            at = nextKey[at];
        }
        return at;
    }

    /** Tells who has read a key. */
    void forEach(int which, LongConsumer told) {
        for (int item = firstOfKey[which]; item != NONE; item = nextOfKey[item]) {
            told.accept(tracker[item]);
        }
    }

    long address(int which) {
        return address[which];
    }

    int length(int which) {
        return length[which];
    }

    /** Some key, each time another one, so that all go in turn where there are too many; below 0 if there is none. */
    int any() {
        if (keys == 0) {
            return NONE;
        }
        do {
            next = (next + 1) % usedKeys;
        } while (length[next] < 0);
        return next;
    }

    /** Forgets a key. */
    void remove(int which) {
        for (int item = firstOfKey[which]; item != NONE;) {
            int behind = nextOfKey[item];
            unlinkOfTracker(item);
            give(item);
            item = behind;
        }
        drop(which);
    }

    /**
     * Forgets what a client has read.
     *
     * @param most entries that are forgotten at most
     * @return whether all are
     */
    boolean forget(long number, int most) {
        OfTracker own = trackers.get(number);
        for (int i = 0; own != null && own.first != NONE; i++) {
            if (i == most) {
                return false;
            }
            int item = own.first;
            int itsKey = key[item];
            int before = previousOfKey[item];
            int behind = nextOfKey[item];
            if (before == NONE) {
                firstOfKey[itsKey] = behind;
            } else {
                nextOfKey[before] = behind;
            }
            if (behind != NONE) {
                previousOfKey[behind] = before;
            }
            boolean isLast = nextOfTracker[item] == NONE;
            unlinkOfTracker(item);
            give(item);
            if (firstOfKey[itsKey] == NONE) {
                drop(itsKey);
            }
            if (isLast) {
                return true;
            }
        }
        return true;
    }

    /**
     * Frees names of a table that is not used any more.
     *
     * @return whether all are
     */
    boolean free(int most) {
        for (int i = 0; i < most && usedKeys > 0; i++) {
            usedKeys--;
            if (length[usedKeys] >= 0) {
                Memory.free(address[usedKeys]);
            }
        }
        return usedKeys == 0;
    }

    private void unlinkOfTracker(int item) {
        int before = previousOfTracker[item];
        int behind = nextOfTracker[item];
        if (behind != NONE) {
            previousOfTracker[behind] = before;
        }
        if (before != NONE) {
            nextOfTracker[before] = behind;
        } else if (behind == NONE) {
            trackers.remove(tracker[item]);
        } else {
            own(tracker[item]).first = behind;
        }
    }

    private OfTracker own(long number) {
        @Nullable
        OfTracker own = trackers.get(number);
        return java.util.Objects.requireNonNull(own);
    }

    private int pair(int itsKey, long number) {
        long mixed = (itsKey * GOLDEN ^ number) * GOLDEN;
        return (int) (mixed >>> 32) & pairs.length - 1;
    }

    private boolean isThere(int itsKey, long number) {
        for (int item = pairs[pair(itsKey, number)]; item != NONE; item = nextPair[item]) {
            if (key[item] == itsKey && tracker[item] == number) {
                return true;
            }
        }
        return false;
    }

    private void give(int item) {
        int at = pair(key[item], tracker[item]);
        if (pairs[at] == item) {
            pairs[at] = nextPair[item];
        } else {
            int before = pairs[at];
            while (nextPair[before] != item) {
                before = nextPair[before];
            }
            nextPair[before] = nextPair[item];
        }
        nextOfKey[item] = freeItem;
        freeItem = item;
        items--;
    }

    private void drop(int which) {
        int at = (int) hashes[which] & buckets.length - 1;
        if (buckets[at] == which) {
            buckets[at] = nextKey[which];
        } else {
            int before = buckets[at];
            while (nextKey[before] != which) {
                before = nextKey[before];
            }
            nextKey[before] = nextKey[which];
        }
        Memory.free(address[which]);
        length[which] = NONE;
        nextKey[which] = freeKey;
        freeKey = which;
        keys--;
    }

    private int newKey(long h, long name, int nameLength) {
        if (freeKey == NONE && usedKeys == address.length) {
            growKeys();
        }
        long copy = Memory.allocate(Math.max(1, nameLength));
        Memory.copy(name, copy, nameLength);
        int made = freeKey;
        if (made == NONE) {
            made = usedKeys++;
        } else {
            freeKey = nextKey[made];
        }
        address[made] = copy;
        length[made] = nameLength;
        hashes[made] = h;
        firstOfKey[made] = NONE;
        int at = (int) h & buckets.length - 1;
        nextKey[made] = buckets[at];
        buckets[at] = made;
        keys++;
        return made;
    }

    private void growKeys() {
        int more = address.length * 2;
        address = Arrays.copyOf(address, more);
        length = Arrays.copyOf(length, more);
        hashes = Arrays.copyOf(hashes, more);
        nextKey = Arrays.copyOf(nextKey, more);
        firstOfKey = Arrays.copyOf(firstOfKey, more);
        buckets = filled(more);
        for (int i = 0; i < usedKeys; i++) {
            int at = (int) hashes[i] & more - 1;
            nextKey[i] = buckets[at];
            buckets[at] = i;
        }
    }

    private int newItem() {
        if (freeItem == NONE && usedItems == key.length) {
            growItems();
        }
        items++;
        int made = freeItem;
        if (made == NONE) {
            return usedItems++;
        }
        freeItem = nextOfKey[made];
        return made;
    }

    private void growItems() {
        int more = key.length * 2;
        key = Arrays.copyOf(key, more);
        tracker = Arrays.copyOf(tracker, more);
        nextOfKey = Arrays.copyOf(nextOfKey, more);
        previousOfKey = Arrays.copyOf(previousOfKey, more);
        nextOfTracker = Arrays.copyOf(nextOfTracker, more);
        previousOfTracker = Arrays.copyOf(previousOfTracker, more);
        nextPair = Arrays.copyOf(nextPair, more);
        pairs = filled(more);
        for (int i = 0; i < usedItems; i++) {
            int at = pair(key[i], tracker[i]);
            nextPair[i] = pairs[at];
            pairs[at] = i;
        }
    }
}
