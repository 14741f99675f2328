package io.solaster.store.waiting;

import org.jspecify.annotations.Nullable;

/** One command that waits for keys of one shard: its places in their queues. On that shard. */
public final class Waiter {
    /** What became of an offer. */
    public enum Answer {
        /** The waiter has had what it waits for, and has left its queues. */
        SERVED,
        /** The key is not there. */
        NOTHING,
        /** The waiter tries, or others use what it needs: those behind it wait until it has left, or {@link WaitingKeys#tried} is called. */
        TRIES
    }

    /** What is done when a key is there that the waiter is the first to wait for. */
    @FunctionalInterface
    public interface Offer {
        /**
         * A key is there.
         *
         * @param key which one, as it was numbered when it was added
         */
        Answer made(int key);
    }

    final Offer offer;
    final int home;
    /** Its places, one for each key that it waits for, the last added first. */
    @Nullable
    Place places;
    private boolean told;

    /**
     * One that waits for nothing yet.
     *
     * @param home the shard that is told: when that has died, nobody waits
     */
    public Waiter(int home, Offer offer) {
        this.home = home;
        this.offer = offer;
    }

    /** Whether it waits for anything. */
    public boolean isWaiting() {
        return places != null;
    }

    /** Whether it has been told that there is something, and has not tried since; others are offered the same meanwhile. */
    public boolean isTold() {
        return told;
    }

    /** Says that it has been told, or {@link WaitingKeys#tried has tried}. */
    public void told(boolean yes) {
        told = yes;
    }

    /** Where a waiter stands in the queue of a key. */
    static final class Place {
        final Waiter waiter;
        final int key;
        final WaitingKeys.Queue queue;
        /** The waiter's place in the queue of another of its keys. */
        final @Nullable Place other;
        @Nullable
        Place before;
        @Nullable
        Place behind;

        Place(Waiter waiter, int key, WaitingKeys.Queue queue) {
            this.waiter = waiter;
            this.key = key;
            this.queue = queue;
            this.other = waiter.places;
        }
    }
}
