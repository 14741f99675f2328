package io.solaster.pool.balance;

import java.util.SplittableRandom;

/**
 * Draws places at random, by weight, in constant time: Walker's alias method as Vose builds it (A Linear Algorithm for
 * Generating Random Numbers with a Given Distribution, IEEE TSE 1991). Where all weights are equal there is no table.
 */
final class Draw {
    private final SplittableRandom random;
    private final int size;
    /** Of each column the part that is its own, in 2^-32; the rest is its alias's. Empty where all weights are equal. */
    private final long[] own;
    private final int[] alias;

    Draw(Candidates candidates) {
        random = candidates.random();
        size = candidates.size();
        boolean equal = candidates.areEqual();
        own = new long[equal ? 0 : size];
        alias = new int[equal ? 0 : size];
        if (!equal) {
            fill(candidates.weights());
        }
    }

    private void fill(int[] weights) {
        double total = 0;
        for (int weight : weights) {
            total += weight;
        }
        double[] share = new double[size];
        int[] order = new int[size];
        // Columns with less than their share from the left, the others from the right.
        int small = 0;
        int large = size;
        for (int i = 0; i < size; i++) {
            share[i] = weights[i] * size / total;
            order[share[i] < 1 ? small++ : --large] = i;
        }
        while (small > 0 && large < size) {
            int poor = order[--small];
            int rich = order[large];
            own[poor] = (long) (share[poor] * (1L << 32));
            alias[poor] = rich;
            share[rich] -= 1 - share[poor];
            if (share[rich] < 1) {
                large++;
                order[small++] = rich;
            }
        }
        // What rounding has left over is full.
        while (small > 0) {
            own[order[--small]] = 1L << 32;
        }
        while (large < size) {
            own[order[large++]] = 1L << 32;
        }
    }

    boolean isEqual() {
        return own.length == 0;
    }

    /** 64 random bits. */
    long bits() {
        return random.nextLong();
    }

    /** Any place, by weight. */
    int one() {
        long bits = random.nextLong();
        int column = below(bits >>> 32, size);
        return isEqual() || (bits & 0xFFFF_FFFFL) < own[column] ? column : alias[column];
    }

    /** By weight, another than the first; or, once in a while, the same one: the heavier it is the oftener. */
    int another(int first) {
        int second = one();
        return second == first ? one() : second;
    }

    /** A number below a bound, of 32 random bits: Lemire's multiplication, whose bias is below bound / 2^32. */
    static int below(long bits, int bound) {
        return (int) (bits * bound >>> 32);
    }

    /** A place other than the first, of 32 random bits. */
    static int other(long bits, int size, int first) {
        int other = below(bits, size - 1);
        // One more from the first one on, without a branch.
        return other + 1 + (other - first >> 31);
    }
}
