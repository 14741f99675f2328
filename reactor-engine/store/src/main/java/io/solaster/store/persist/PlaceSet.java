package io.solaster.store.persist;

import org.jspecify.annotations.Nullable;

/**
 * Places of keys, of 64 bits each, in order of which they are forgotten: in 256 parts, so that none takes long to grow. Two keys
 * of one place count as one; that two of 100 million have one is as likely as one in 4,000.
 */
final class PlaceSet {
    private static final int PARTS = 256;
    private static final int FIRST = 16;

    private final long[] @Nullable [] parts = new long[PARTS] @Nullable [];
    private final int[] counts = new int[PARTS];

    /** Adds a place; whether it is new. */
    boolean add(long place) {
        int part = (int) (place >>> 56);
        long[] table = parts[part];
        if (table == null) {
            table = new long[FIRST];
            parts[part] = table;
        } else if (2 * counts[part] >= table.length) {
            table = grown(table);
            parts[part] = table;
        }
        if (put(table, kept(place))) {
            counts[part]++;
            return true;
        }
        return false;
    }

    boolean contains(long place) {
        long[] table = parts[(int) (place >>> 56)];
        if (table == null) {
            return false;
        }
        long wanted = kept(place);
        int at = start(wanted, table.length);
        while (table[at] != 0) {
            if (table[at] == wanted) {
                return true;
            }
            at = at + 1 & table.length - 1;
        }
        return false;
    }

    /** Those before a place are not asked for any more. */
    void forgetBefore(long place) {
        for (int part = (int) (place >>> 56) - 1; part >= 0 && counts[part] >= 0; part--) {
            parts[part] = null;
            counts[part] = -1;
        }
    }

    /** 0 stands for none. */
    private static long kept(long place) {
        return place == 0 ? 1 : place;
    }

    private static int start(long place, int length) {
        return (int) (place * 0x9E3779B97F4A7C15L >>> 32) & length - 1;
    }

    private static boolean put(long[] table, long place) {
        int at = start(place, table.length);
        while (table[at] != 0) {
            if (table[at] == place) {
                return false;
            }
            at = at + 1 & table.length - 1;
        }
        table[at] = place;
        return true;
    }

    private static long[] grown(long[] table) {
        long[] larger = new long[2 * table.length];
        for (long each : table) {
            if (each != 0) {
                put(larger, each);
            }
        }
        return larger;
    }
}
