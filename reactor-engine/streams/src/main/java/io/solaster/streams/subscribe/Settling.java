package io.solaster.streams.subscribe;

import org.jspecify.annotations.Nullable;

/** Changes of one subscriber's subscriptions that other shards do not all know yet. On the subscriber's shard. */
final class Settling {
    private final SubscriptionShard part;
    private final int subscriber;
    /** The first subscription that is new. */
    private final long from;
    private final boolean[] awaited;
    private int left;
    private boolean begun;
    private boolean forgotten;

    Settling(SubscriptionShard part, int subscriber, long from, int shards) {
        this.part = part;
        this.subscriber = subscriber;
        this.from = from;
        this.awaited = new boolean[shards];
    }

    void await(int shard) {
        if (!awaited[shard]) {
            awaited[shard] = true;
            left++;
        }
    }

    /** What a shard was told before it ended may never come home: nobody waits for it. */
    static void without(int deadShard, @Nullable Settling[] all) {
        for (Settling each : all) {
            if (each != null) {
                each.knows(deadShard);
            }
        }
    }

    /** All that is awaited was sent. */
    void begin() {
        begun = true;
    }

    /** A shard knows now, or has ended: whichever is told first counts. */
    void knows(int shard) {
        if (!awaited[shard]) {
            return;
        }
        awaited[shard] = false;
        left--;
        if (left == 0 && begun && !forgotten) {
            part.settled(subscriber, this);
        }
    }

    /**
     * Whether a subscription is not to get what comes from a shard: that was published there before it knew of it, and is of no
     * concern to who has subscribed since.
     */
    boolean isTooNew(long born, int shard) {
        return born >= from && awaited[shard];
    }

    /** The subscriber is gone. */
    void forget() {
        forgotten = true;
    }
}
