package io.solaster.load.run;

import java.util.Arrays;

/** Requests that are due and found no room, in their order: a ring that grows to its bound. On its shard. */
final class Waiting {
    private long[] due = new long[64];
    private long[] late = new long[64];
    private int[] tags = new int[64];
    private int first;
    private int size;

    int size() {
        return size;
    }

    /** @param lateBy nanoseconds between when it could have been offered and when it was: the generator's own doing */
    void add(long dueAt, long lateBy, int tag) {
        if (size == due.length) {
            grow();
        }
        int at = first + size++ & due.length - 1;
        due[at] = dueAt;
        late[at] = lateBy;
        tags[at] = tag;
    }

    private void grow() {
        long[] moreDue = Arrays.copyOf(due, 2 * size);
        long[] moreLate = Arrays.copyOf(late, 2 * size);
        int[] moreTags = Arrays.copyOf(tags, 2 * size);
        // What lies before the first comes behind the last.
        System.arraycopy(due, 0, moreDue, size, first);
        System.arraycopy(late, 0, moreLate, size, first);
        System.arraycopy(tags, 0, moreTags, size, first);
        due = moreDue;
        late = moreLate;
        tags = moreTags;
    }

    long firstDue() {
        return due[first];
    }

    long firstLate() {
        return late[first];
    }

    int firstTag() {
        return tags[first];
    }

    void removeFirst() {
        first = first + 1 & due.length - 1;
        size--;
    }
}
