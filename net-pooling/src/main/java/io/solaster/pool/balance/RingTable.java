package io.solaster.pool.balance;

import java.util.Arrays;
import java.util.List;

import io.solaster.pool.Endpoint;

/**
 * A ring with many points of each endpoint, by its weight; a key goes to the next point (Karger et al., Consistent
 * Hashing and Random Trees, STOC 1997; points as in libketama). An endpoint that comes or goes moves the keys next to
 * its own points only, unless the ring grows too large and every endpoint gives up the later half of its points.
 */
final class RingTable extends HashTable {
    /** Of an endpoint of weight 1, as libketama has it. */
    private static final int POINTS = 160;
    private static final int MOST_POINTS = 1 << 15;
    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

    private final long[] points;
    private final int[] owners;
    /** By the upper bits of a hash, the first point at or after it. */
    private final int[] index;
    private final int shift;

    RingTable(List<Endpoint> endpoints) {
        super(endpoints);
        int halvings = halvings(endpoints);
        int total = endpoints.stream().mapToInt(endpoint -> points(endpoint, halvings)).sum();
        // The place goes into the lower bits, so that one sort moves both.
        int placeBits = Integer.SIZE - Integer.numberOfLeadingZeros(endpoints.size());
        long[] sorted = new long[total];
        int at = 0;
        for (int place = 0; place < endpoints.size(); place++) {
            long seed = hash(endpoints.get(place).address());
            for (int i = points(endpoints.get(place), halvings); i > 0; i--) {
                sorted[at++] = mix(seed + i * GOLDEN) >>> placeBits << placeBits | place;
            }
        }
        long sign = Long.MIN_VALUE;
        for (int i = 0; i < total; i++) {
            sorted[i] ^= sign;
        }
        Arrays.sort(sorted);
        owners = new int[total];
        for (int i = 0; i < total; i++) {
            sorted[i] ^= sign;
            owners[i] = (int) (sorted[i] & (1L << placeBits) - 1);
        }
        points = sorted;
        int indexBits = Math.max(1, Integer.SIZE - 1 - Integer.numberOfLeadingZeros(total));
        shift = Long.SIZE - indexBits;
        index = new int[1 << indexBits];
        int next = 0;
        for (int i = 0; i < index.length; i++) {
            while (next < total && Long.compareUnsigned(points[next], (long) i << shift) < 0) {
                next++;
            }
            index[i] = next;
        }
    }

    private static int halvings(List<Endpoint> endpoints) {
        long all = endpoints.stream().mapToLong(endpoint -> (long) POINTS * endpoint.weight()).sum();
        long most = Math.max(MOST_POINTS, 64L * endpoints.size());
        int halvings = 0;
        while (all >> halvings > most) {
            halvings++;
        }
        return halvings;
    }

    private static int points(Endpoint endpoint, int halvings) {
        return (int) Math.max(1, (long) POINTS * endpoint.weight() >> halvings);
    }

    @Override
    int slots() {
        return points.length;
    }

    @Override
    int slot(long hash) {
        long[] points = this.points;
        int slot = index[(int) (hash >>> shift)];
        while (slot < points.length && Long.compareUnsigned(points[slot], hash) < 0) {
            slot++;
        }
        return slot == points.length ? 0 : slot;
    }

    @Override
    int owner(int slot) {
        return owners[slot];
    }
}
