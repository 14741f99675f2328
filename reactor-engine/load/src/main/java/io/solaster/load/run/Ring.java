package io.solaster.load.run;

/**
 * The requests of one connection by their numbers, which may wrap: a ring that grows to the most that are kept at a time. On
 * its shard.
 */
final class Ring {
    private static final int FIRST = 16;
    private static final long ANSWERED = Long.MIN_VALUE;

    private long[] due = new long[FIRST];
    private long[] ready = new long[FIRST];
    private int[] tags = new int[FIRST];

    /** @param oldest the number of the oldest request that is kept */
    void put(int oldest, int number, long dueAt, long readyAt, int tag) {
        if (number - oldest == due.length) {
            grow(oldest, number);
        }
        int at = at(number);
        due[at] = dueAt;
        ready[at] = readyAt;
        tags[at] = tag;
    }

    private int at(int number) {
        return number & due.length - 1;
    }

    private void grow(int oldest, int next) {
        long[] moreDue = new long[2 * due.length];
        long[] moreReady = new long[2 * due.length];
        int[] moreTags = new int[2 * due.length];
        for (int i = oldest; i != next; i++) {
            int to = i & moreDue.length - 1;
            moreDue[to] = due[at(i)];
            moreReady[to] = ready[at(i)];
            moreTags[to] = tags[at(i)];
        }
        due = moreDue;
        ready = moreReady;
        tags = moreTags;
    }

    long due(int number) {
        return due[at(number)];
    }

    long ready(int number) {
        return ready[at(number)];
    }

    int tag(int number) {
        return tags[at(number)];
    }

    boolean isAnswered(int number) {
        return due[at(number)] == ANSWERED;
    }

    void answered(int number) {
        due[at(number)] = ANSWERED;
    }
}
