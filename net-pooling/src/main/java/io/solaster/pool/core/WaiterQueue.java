package io.solaster.pool.core;

import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/** Waiters by age. Each brings its own place in the queue, so that any of them leaves in constant time. On its shard. */
final class WaiterQueue<C extends PooledConnection> {
    private @Nullable Place<C> first;
    private @Nullable Place<C> last;
    private int size;

    /** Where a waiter stands in a queue. */
    static final class Place<C extends PooledConnection> {
        final Waiter<C> waiter;
        private @Nullable Place<C> earlier;
        private @Nullable Place<C> later;

        Place(Waiter<C> waiter) {
            this.waiter = waiter;
        }

        /** Who stands behind it; null if nobody does. */
        @Nullable
        Place<C> later() {
            return later;
        }
    }

    int size() {
        return size;
    }

    /** Where whoever has waited longest stands; null if nobody waits. */
    @Nullable
    Place<C> firstPlace() {
        return first;
    }

    /** Who has waited longest; null if nobody waits. */
    @Nullable
    Waiter<C> first() {
        return first == null ? null : first.waiter;
    }

    /** Behind whoever is no younger: the end, unless it comes from another queue. */
    void add(Place<C> place) {
        Place<C> before = last;
        while (before != null && before.waiter.since - place.waiter.since > 0) {
            before = before.earlier;
        }
        Place<C> behind = before == null ? first : before.later;
        place.earlier = before;
        place.later = behind;
        if (before == null) {
            first = place;
        } else {
            before.later = place;
        }
        if (behind == null) {
            last = place;
        } else {
            behind.earlier = place;
        }
        size++;
    }

    /** It must stand in this queue. */
    void remove(Place<C> place) {
        Place<C> before = place.earlier;
        Place<C> behind = place.later;
        if (before == null) {
            first = behind;
        } else {
            before.later = behind;
        }
        if (behind == null) {
            last = before;
        } else {
            behind.earlier = before;
        }
        place.earlier = null;
        place.later = null;
        size--;
    }
}
