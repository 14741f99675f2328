package io.solaster.pool.balance;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.pool.Endpoint;

/**
 * A table of which each endpoint has its weight's share to within a slot or so: each in turn takes the next free slot of
 * a permutation of its own (Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016;
 * weights as Envoy has them, by turns that light endpoints leave out).
 */
final class MaglevTable extends HashTable {
    /** A prime, so that every step leads through all slots; Envoy's, and the paper's smaller one. */
    static final int SLOTS = 65_537;

    private final char[] owners = new char[SLOTS];

    MaglevTable(List<Endpoint> endpoints) {
        super(endpoints);
        int size = endpoints.size();
        if (size > SLOTS / 4) {
            throw new IllegalArgumentException(size + " endpoints are too many for Maglev's table of " + SLOTS
                    + " slots: take 'ring-hash'");
        }
        // In an order that does not depend on who was named first.
        int[] places = IntStream.range(0, size).boxed()
                .sorted(Comparator.comparing(place -> endpoints.get(place).address())).mapToInt(Integer::intValue)
                .toArray();
        int[] offset = new int[size];
        int[] skip = new int[size];
        double[] turns = new double[size];
        double heaviest = endpoints.stream().mapToInt(Endpoint::weight).max().orElseThrow();
        for (int place : places) {
            long hash = hash(endpoints.get(place).address());
            offset[place] = (int) Long.remainderUnsigned(hash, SLOTS);
            skip[place] = (int) Long.remainderUnsigned(mix(hash), SLOTS - 1) + 1;
        }
        boolean[] taken = new boolean[SLOTS];
        int left = SLOTS;
        while (left > 0) {
            for (int i = 0; i < size && left > 0; i++) {
                int place = places[i];
                turns[place] += endpoints.get(place).weight() / heaviest;
                if (turns[place] < 1) {
                    continue;
                }
                turns[place]--;
                int slot = offset[place];
                while (taken[slot]) {
                    slot = next(slot, skip[place]);
                }
                taken[slot] = true;
                owners[slot] = (char) place;
                offset[place] = next(slot, skip[place]);
                left--;
            }
        }
    }

    private static int next(int slot, int skip) {
        int next = slot + skip;
        return next >= SLOTS ? next - SLOTS : next;
    }

    @Override
    int slots() {
        return SLOTS;
    }

    @Override
    int slot(long hash) {
        return (int) ((hash >>> 32) * SLOTS >>> 32);
    }

    @Override
    int owner(int slot) {
        return owners[slot];
    }

    /** How many slots each endpoint has. */
    int[] counts() {
        int[] counts = new int[endpoints().size()];
        for (char owner : owners) {
            counts[owner]++;
        }
        return counts;
    }

    @Override
    public String toString() {
        return "Maglev" + Arrays.toString(counts());
    }
}
