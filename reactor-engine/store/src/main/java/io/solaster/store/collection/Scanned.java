package io.solaster.store.collection;

import java.util.Arrays;
import java.util.random.RandomGenerator;

import io.solaster.store.type.FieldTable;

/** Nodes of a table that a scan, or chance, has found; they are told before anything is written. */
final class Scanned implements FieldTable.Visitor {
    /** More are not found at once, whoever asks: a client's count is a hint. */
    private static final int MOST = 4096;
    private static final int KEPT = 256;

    private long[] nodes = new long[KEPT];
    private int count;
    private int told;

    @Override
    public void visit(long node) {
        if (count == nodes.length) {
            nodes = Arrays.copyOf(nodes, 2 * count);
        }
        nodes[count++] = node;
    }

    private void start() {
        if (nodes.length > KEPT) {
            nodes = new long[KEPT];
        }
        count = 0;
        told = 0;
    }

    /** Goes on with a scan until about so many are found. */
    long scan(FieldTable table, long root, long cursor, long wanted) {
        start();
        long next = cursor;
        do {
            next = table.scan(root, next, this);
        } while (next != 0 && count < Math.min(wanted, MOST));
        return next;
    }

    /** Finds so many different ones by chance; fewer than the table has. */
    void choose(FieldTable table, long root, int wanted, RandomGenerator random) {
        start();
        long left = FieldTable.count(root);
        if (3L * wanted > left) {
            // Each is taken with the chance that makes the right number of those that are left (Knuth, algorithm S).
            table.begin();
            for (long node = table.next(root); count < wanted; node = table.next(root)) {
                if (random.nextLong(left--) < wanted - count) {
                    visit(node);
                }
            }
            return;
        }
        // Open addressing, at most half full.
        long[] seen = new long[Integer.highestOneBit(wanted) * 4];
        while (count < wanted) {
            long node = table.random(root, random);
            int at = (int) (node * 0x9E3779B97F4A7C15L >>> 32) & seen.length - 1;
            while (seen[at] != 0 && seen[at] != node) {
                at = at + 1 & seen.length - 1;
            }
            if (seen[at] == 0) {
                seen[at] = node;
                visit(node);
            }
        }
    }

    /** Tells them once more. */
    void again() {
        told = 0;
    }

    /** The next one, or 0 at the end. */
    long next() {
        return told == count ? 0 : nodes[told++];
    }
}
