package io.solaster.load.run;

import java.util.Arrays;

/** Requests of sessions that become due later, the next one first: a heap without objects. On its shard. */
final class Later {
    private long[] due = new long[64];
    private int[] tags = new int[64];
    private int size;

    /** When the next one is due; {@link Long#MAX_VALUE} if there is none. */
    long nextDue() {
        return size == 0 ? Long.MAX_VALUE : due[0];
    }

    int nextTag() {
        return tags[0];
    }

    int size() {
        return size;
    }

    void add(long dueAt, int tag) {
        if (size == due.length) {
            due = Arrays.copyOf(due, 2 * size);
            tags = Arrays.copyOf(tags, 2 * size);
        }
        int at = size++;
        while (at > 0 && due[at - 1 >> 1] > dueAt) {
            move(at - 1 >> 1, at);
            at = at - 1 >> 1;
        }
        put(at, dueAt, tag);
    }

    void removeNext() {
        size--;
        long dueAt = due[size];
        int tag = tags[size];
        int at = 0;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && due[child + 1] < due[child]) {
                child++;
            }
            if (due[child] >= dueAt) {
                break;
            }
            move(child, at);
            at = child;
        }
        put(at, dueAt, tag);
    }

    private void move(int from, int to) {
        put(to, due[from], tags[from]);
    }

    private void put(int at, long dueAt, int tag) {
        due[at] = dueAt;
        tags[at] = tag;
    }
}
