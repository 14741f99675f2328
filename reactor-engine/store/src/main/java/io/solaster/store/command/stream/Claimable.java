package io.solaster.store.command.stream;

import java.util.Arrays;

import io.solaster.store.stream.Groups;

/** What {@code XREADGROUP … CLAIM} finds among the pending entries of a group. On the owning shard. */
final class Claimable {
    /** Of a group with more pending entries those with the lowest ids are looked at, so that a turn stays short. */
    static final int MOST_LOOKED_AT = 10_000;
    private static final int LEAST_LOOKED_AT = 100;
    /** Bits that number as many. */
    private static final int PLACE_BITS = 14;

    private Claimable() {}

    /**
     * Ids and times of delivery of the entries delivered no later than this, three numbers each, the earliest first.
     *
     * @param keys how many streams are looked at like this one, which share what may be looked at
     */
    static long[] longestIdle(Groups groups, long group, long latest, long most, int keys) {
        int mostLookedAt = Math.max(LEAST_LOOKED_AT, MOST_LOOKED_AT / keys);
        long[] found = new long[24];
        int count = 0;
        int looked = 0;
        for (boolean more = groups.seekPending(group, 0, 0); more
                && looked < mostLookedAt; more = groups.nextPending()) {
            looked++;
            if (groups.time() <= latest) {
                if (count == found.length) {
                    found = Arrays.copyOf(found, 2 * count);
                }
                found[count++] = groups.pendingMs();
                found[count++] = groups.pendingSeq();
                found[count++] = groups.time();
            }
        }
        return sorted(found, count / 3, (int) Math.min(most, count / 3));
    }

    /** The first by time, and of the same time by id, in which order they come. */
    private static long[] sorted(long[] found, int count, int most) {
        boolean inOrder = true;
        for (int i = 1; i < count && inOrder; i++) {
            inOrder = found[3 * i + 2] >= found[3 * i - 1];
        }
        if (inOrder) {
            return Arrays.copyOf(found, 3 * most);
        }
        // Times are milliseconds of some thousand years: the place of each goes behind.
        long[] order = new long[count];
        for (int i = 0; i < count; i++) {
            order[i] = found[3 * i + 2] << PLACE_BITS | i;
        }
        Arrays.sort(order);
        long[] first = new long[3 * most];
        for (int i = 0; i < most; i++) {
            System.arraycopy(found, 3 * (int) (order[i] & (1 << PLACE_BITS) - 1), first, 3 * i, 3);
        }
        return first;
    }

    /** When the entry was delivered that was so first; {@link Long#MAX_VALUE} if none is pending. */
    static long earliest(Groups groups, long group) {
        long earliest = Long.MAX_VALUE;
        int looked = 0;
        for (boolean more = groups.seekPending(group, 0, 0); more
                && looked < MOST_LOOKED_AT; more = groups.nextPending()) {
            looked++;
            earliest = Math.min(earliest, groups.time());
        }
        return earliest;
    }
}
