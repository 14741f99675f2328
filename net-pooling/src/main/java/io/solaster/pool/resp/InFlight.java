package io.solaster.pool.resp;

import java.util.Objects;

import io.solaster.pool.request.Attempt;
import org.jspecify.annotations.Nullable;

/** Commands whose replies are awaited, in their order: a ring of pairs, so that a command costs no object. */
final class InFlight {
    private @Nullable Object[] ring = new @Nullable Object[64];
    private int first;
    private int count;

    void add(RespCommand<?> command, Attempt<?> attempt) {
        if (2 * count == ring.length) {
            grow();
        }
        int at = first + 2 * count & ring.length - 1;
        ring[at] = command;
        ring[at + 1] = attempt;
        count++;
    }

    private void grow() {
        @Nullable
        Object[] larger = new @Nullable Object[2 * ring.length];
        for (int i = 0; i < ring.length; i++) {
            larger[i] = ring[first + i & ring.length - 1];
        }
        ring = larger;
        first = 0;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int size() {
        return count;
    }

    /** The command whose reply is next; there must be one. */
    RespCommand<?> command() {
        return (RespCommand<?>) Objects.requireNonNull(ring[first]);
    }

    /** Who awaits that reply. */
    Attempt<?> attempt() {
        return (Attempt<?>) Objects.requireNonNull(ring[first + 1]);
    }

    void remove() {
        ring[first] = null;
        ring[first + 1] = null;
        first = first + 2 & ring.length - 1;
        count--;
    }
}
