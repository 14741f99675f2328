package io.solaster.store.command.stream;

import java.util.Arrays;

import io.solaster.store.stream.Groups;

/** What {@code XREADGROUP … CLAIM} finds among the pending entries of a group. On the owning shard. */
final class Claimable {
    /** Of a group with more pending entries those with the lowest ids are looked at, so that a turn stays short. */
    private static final int MOST_LOOKED_AT = 100_000;

    private Claimable() {}

    /** Ids and times of delivery of the entries delivered no later than this, three numbers each, the earliest first. */
    static long[] longestIdle(Groups groups, long group, long latest, long most) {
        long[] found = new long[24];
        int count = 0;
        int looked = 0;
        for (boolean more = groups.seekPending(group, 0, 0); more
                && looked < MOST_LOOKED_AT; more = groups.nextPending()) {
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
        Integer[] order = new Integer[count];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compare(found[3 * a + 2], found[3 * b + 2]));
        long[] first = new long[3 * most];
        for (int i = 0; i < most; i++) {
            System.arraycopy(found, 3 * order[i], first, 3 * i, 3);
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
