package io.solaster.load.run;

import java.util.Arrays;

/** Requests that are due and found no room, in their order: a ring that grows to its bound. On its shard. */
final class Waiting {
    private long[] due = new long[64];
    private int[] tags = new int[64];
    private int first;
    private int size;

    int size() {
        return size;
    }

    void add(long dueAt, int tag) {
        if (size == due.length) {
            grow();
        }
        int at = first + size++ & due.length - 1;
        due[at] = dueAt;
        tags[at] = tag;
    }

    private void grow() {
        long[] moreDue = Arrays.copyOf(due, 2 * size);
        int[] moreTags = Arrays.copyOf(tags, 2 * size);
        // What lies before the first comes behind the last.
        System.arraycopy(due, 0, moreDue, size, first);
        System.arraycopy(tags, 0, moreTags, size, first);
        due = moreDue;
        tags = moreTags;
    }

    long firstDue() {
        return due[first];
    }

    int firstTag() {
        return tags[first];
    }

    void removeFirst() {
        first = first + 1 & due.length - 1;
        size--;
    }
}
