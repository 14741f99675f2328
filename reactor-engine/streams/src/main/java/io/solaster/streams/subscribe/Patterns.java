package io.solaster.streams.subscribe;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/** The patterns that anybody has subscribed to, and which of them take a name. By the number of their text. On one shard. */
final class Patterns {
    private static final int KEPT_TEXT = 64 * 1024;

    private int[] ids = new int[16];
    private @Nullable NamePattern[] patterns = new NamePattern[16];
    private int count;
    /** By number: its place above, and one; 0 for none. */
    private int[] places = new int[0];
    private byte[] text = new byte[256];
    private int[] found = new int[16];
    private int foundCount;

    /** Makes room for numbers below this. */
    void names(int capacity) {
        if (places.length < capacity) {
            places = Arrays.copyOf(places, capacity);
        }
    }

    int size() {
        return count;
    }

    /** Null for what is no pattern. */
    @Nullable
    NamePattern of(int id) {
        int place = places[id];
        return place == 0 ? null : patterns[place - 1];
    }

    /** Adds one, unless it is there. */
    void add(int id, NamePattern pattern) {
        if (places[id] != 0) {
            return;
        }
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
            patterns = Arrays.copyOf(patterns, count * 2);
        }
        ids[count] = id;
        patterns[count] = pattern;
        places[id] = ++count;
    }

    /** Removes one, if it is there. */
    void remove(int id) {
        int place = places[id] - 1;
        if (place < 0) {
            return;
        }
        int last = --count;
        ids[place] = ids[last];
        patterns[place] = patterns[last];
        places[ids[place]] = place + 1;
        places[id] = 0;
        patterns[last] = null;
    }

    /** Finds those that take a name; false if none does. */
    boolean find(long name, int length) {
        foundCount = 0;
        if (count == 0) {
            return false;
        }
        if (text.length < length) {
            text = new byte[length];
        }
        Memory.copy(name, text, 0, length);
        for (int i = 0; i < count; i++) {
            NamePattern pattern = patterns[i];
            if (pattern != null && pattern.matches(text, length)) {
                if (foundCount == found.length) {
                    found = Arrays.copyOf(found, foundCount * 2);
                }
                found[foundCount++] = ids[i];
            }
        }
        if (text.length > KEPT_TEXT) {
            text = new byte[256];
        }
        return foundCount > 0;
    }

    void findNone() {
        foundCount = 0;
    }

    /** How many were found last. */
    int found() {
        return foundCount;
    }

    /** The number of one that was found last. */
    int foundAt(int i) {
        return found[i];
    }
}
