package io.solaster.streams.subscribe;

import java.util.Arrays;

/**
 * How many subscribers each shard has for a name, and how many of them have no room that publishes wait for, as the shard knows that is
 * asked where to send what is published. By the name's number; in arrays, so that a name costs no object. On the owning shard.
 */
final class Interests {
    private static final int NONE = -1;
    private static final int LEAST = 16;

    /** By name: the first of its counts, and their sum. */
    private int[] first = new int[0];
    private int[] sums = new int[0];
    private int[] shards = new int[LEAST];
    private int[] counts = new int[LEAST];
    private int[] next = new int[LEAST];
    private int[] held = new int[LEAST];
    /** By name: how many are held, and how long a publish waits for them at most. */
    private int[] heldSums = new int[0];
    private int[] waitMillis = new int[0];
    private int heldNames;
    private int used;
    private int free = NONE;

    /** Makes room for names' numbers below this. */
    void capacity(int names) {
        int before = first.length;
        if (before < names) {
            first = Arrays.copyOf(first, names);
            sums = Arrays.copyOf(sums, names);
            heldSums = Arrays.copyOf(heldSums, names);
            waitMillis = Arrays.copyOf(waitMillis, names);
            Arrays.fill(first, before, names, NONE);
        }
    }

    /** Changes the count of a shard, which does not get below 0. */
    void change(int name, int shard, int by) {
        int before = NONE;
        int at = first[name];
        while (at != NONE && shards[at] != shard) {
            before = at;
            at = next[at];
        }
        if (at == NONE) {
            if (by > 0) {
                sums[name] += by;
                add(name, shard, by);
            }
            return;
        }
        int changed = Math.max(-counts[at], by);
        sums[name] += changed;
        counts[at] += changed;
        if (counts[at] == 0) {
            remove(name, before, at);
        }
    }

    private void add(int name, int shard, int count) {
        int at = free;
        if (at == NONE) {
            at = used++;
            if (at == shards.length) {
                shards = Arrays.copyOf(shards, at * 2);
                counts = Arrays.copyOf(counts, at * 2);
                next = Arrays.copyOf(next, at * 2);
                held = Arrays.copyOf(held, at * 2);
            }
        } else {
            free = next[at];
        }
        shards[at] = shard;
        held[at] = 0;
        counts[at] = count;
        next[at] = first[name];
        first[name] = at;
    }

    private void remove(int name, int before, int at) {
        heldBy(name, at, -held[at]);
        if (before == NONE) {
            first[name] = next[at];
        } else {
            next[before] = next[at];
        }
        next[at] = free;
        free = at;
    }

    /** A shard has one more subscriber without room that publishes wait for, or one fewer. */
    void hold(int name, int shard, int by, int millis) {
        for (int at = first[name]; at != NONE; at = next[at]) {
            if (shards[at] == shard) {
                heldBy(name, at, Math.max(-held[at], by));
                waitMillis[name] = heldSums[name] == 0 ? 0 : Math.max(waitMillis[name], millis);
            }
        }
    }

    private void heldBy(int name, int at, int by) {
        int before = heldSums[name];
        held[at] += by;
        heldSums[name] += by;
        heldNames += (before == 0 ? 0 : -1) + (heldSums[name] == 0 ? 0 : 1);
    }

    /** Whether publishes to a name wait. */
    boolean isHeld(int name) {
        return heldSums[name] > 0;
    }

    /** How long a publish to a name that is held waits at most, in milliseconds. */
    int waitMillis(int name) {
        return waitMillis[name];
    }

    /** Names that publishes wait for. */
    int heldNames() {
        return heldNames;
    }

    /** Subscribers on all shards. */
    int sum(int name) {
        return sums[name];
    }

    /** The first of a name's counts, or -1. */
    int first(int name) {
        return first[name];
    }

    int next(int at) {
        return next[at];
    }

    /** Whose a count is. */
    int shard(int at) {
        return shards[at];
    }

    /** Subscribers of one shard. */
    int of(int name, int shard) {
        for (int at = first[name]; at != NONE; at = next[at]) {
            if (shards[at] == shard) {
                return counts[at];
            }
        }
        return 0;
    }
}
