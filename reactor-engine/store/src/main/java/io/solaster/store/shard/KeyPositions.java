package io.solaster.store.shard;

import java.util.Arrays;

/**
 * Where the keys stand among the arguments of a call: a few single ones, and behind them some at equal distances. Used again
 * and again by one shard, so it holds no more for a million keys than for one.
 */
public final class KeyPositions {
    private int[] single = new int[4];
    private int singles;
    private int first;
    private int step = 1;
    private int inRange;
    private boolean any;
    private boolean whole;

    /** Forgets all, before keys are looked for. */
    public void clear() {
        any = false;
        whole = false;
        singles = 0;
        inRange = 0;
        step = 1;
    }

    /** Adds one key. */
    public void add(int position) {
        if (singles == single.length) {
            single = Arrays.copyOf(single, singles * 2);
        }
        single[singles++] = position;
    }

    /** Adds keys at equal distances, once: what stands between two of them belongs to the first. */
    public void addRange(int from, int keys, int distance) {
        first = from;
        inRange = keys;
        step = distance;
    }

    /** Any other key of any shard may be used too, which only shows as the command is run. */
    public void addAny() {
        any = true;
    }

    /** Whether {@link #addAny} was called. */
    public boolean isAny() {
        return any;
    }

    /** Each shard gets the whole call, and not just its own keys of it. */
    public void toAll() {
        whole = true;
    }

    /** Whether {@link #toAll} was called. */
    public boolean isToAll() {
        return whole;
    }

    /** Takes what another one holds. */
    public void copy(KeyPositions other) {
        clear();
        any = other.any;
        whole = other.whole;
        for (int i = 0; i < other.singles; i++) {
            add(other.single[i]);
        }
        addRange(other.first, other.inRange, other.step);
    }

    public int count() {
        return singles + inRange;
    }

    /** Which argument a key is. */
    public int at(int key) {
        return key < singles ? single[key] : first + (key - singles) * step;
    }

    /** How many arguments belong to a key, itself among them. */
    public int span(int key) {
        return key < singles ? 1 : step;
    }
}
