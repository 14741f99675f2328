package io.solaster.streams.subscribe;

import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/** What has changed in one shard's subscriptions and other shards are yet to be told of. On the owning shard. */
final class Changes {
    private final SubscriptionShard part;
    private final Subscriptions all;
    private final SchedulingGroup group;
    private final @Nullable InterestChange[] open;
    /** Whose changes these are, if he waits for them. */
    private @Nullable Settling settling;

    Changes(SubscriptionShard part, Subscriptions all, SchedulingGroup group) {
        this.part = part;
        this.all = all;
        this.group = group;
        this.open = new InterestChange[all.shards()];
    }

    /** The changes that follow are this subscriber's, who will wait for them. */
    void of(int subscriber, long births) {
        if (settling == null) {
            // What nobody waits for goes by itself, else he would wait for what never says that it is known.
            send();
            settling = new Settling(part, subscriber, births, open.length);
        }
    }

    /** What another shard is told with. */
    InterestChange to(int target) {
        InterestChange change = open[target];
        if (change == null) {
            change = new InterestChange(part, all.part(target), settling);
            open[target] = change;
            if (settling != null) {
                settling.await(target);
            }
        }
        return change;
    }

    /** Tells them; what is to be waited for, or null if there is nothing. */
    @Nullable
    Settling send() {
        Settling waiting = settling;
        settling = null;
        boolean sent = false;
        for (int target = 0; target < open.length; target++) {
            InterestChange change = open[target];
            if (change != null) {
                open[target] = null;
                // It bounds itself: a subscriber has one under way, or is gone.
                part.shard().mesh().sendFree(target, group, change);
                sent = true;
            }
        }
        return sent ? waiting : null;
    }
}
