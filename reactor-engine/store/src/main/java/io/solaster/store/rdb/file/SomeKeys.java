package io.solaster.store.rdb.file;

import java.util.ArrayList;
import java.util.List;

/** Keys that have something in common: how many, and the names of a few. */
public final class SomeKeys {
    private static final int NAMED = 3;
    private static final int LONGEST = 100;

    private long count;
    private final List<String> names = new ArrayList<>();

    /** One more. */
    public void add(String name) {
        count++;
        if (names.size() < NAMED) {
            names.add(name.length() > LONGEST ? name.substring(0, LONGEST) + "..." : name);
        }
    }

    /** How many they are. */
    public long count() {
        return count;
    }

    @Override
    public String toString() {
        return count + " (" + String.join(", ", names) + (count > names.size() ? ", ..." : "") + ")";
    }
}
