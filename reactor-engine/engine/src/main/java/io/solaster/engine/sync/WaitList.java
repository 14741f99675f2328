package io.solaster.engine.sync;

import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.task.Unfinished;
import org.jspecify.annotations.Nullable;

/** Those who wait, first come first served. Any of them leaves in constant time. */
final class WaitList<N extends WaitNode> extends Unfinished {
    private @Nullable WaitNode head;
    private @Nullable WaitNode tail;
    private int size;

    /**
     * Lets one wait at the end. With its patience at an end already, it gives up in here.
     *
     * @throws io.solaster.engine.WrongShardException if the abort source belongs to another shard; then nothing waits
     */
    void add(N node, Patience patience) {
        if (patience.abort() != null) {
            patience.abort().assertOwner();
        }
        WaitNode last = tail;
        node.list = this;
        node.previous = last;
        if (last == null) {
            head = node;
        } else {
            last.next = node;
        }
        tail = node;
        if (size++ == 0) {
            node.shard.unfinished().add(this);
        }
        node.begin(patience);
    }

    /** Who has waited longest; null if nobody waits. */
    @Nullable
    N first() {
        while (head != null && head.isGone()) {
            unlink(head);
        }
        return cast(head);
    }

    /** Who came after one; null if it is the last, or waits no longer. */
    @Nullable
    N after(N node) {
        return cast(node.next);
    }

    /** Ends the wait of one, if it waits here. */
    void unlink(WaitNode node) {
        if (node.list != this) {
            return;
        }
        WaitNode before = node.previous;
        WaitNode behind = node.next;
        if (before == null) {
            head = behind;
        } else {
            before.next = behind;
        }
        if (behind == null) {
            tail = before;
        } else {
            behind.previous = before;
        }
        node.list = null;
        node.previous = null;
        node.next = null;
        if (--size == 0) {
            node.shard.unfinished().remove(this);
        }
        node.end();
    }

    /** No more than wait now, since one that is told may wait again. */
    @Override
    protected void abandon(RejectedExecutionException why) {
        for (int left = size; left > 0 && head != null; left--) {
            head.giveUp(why);
        }
        if (head != null) {
            head.shard.unfinished().add(this);
        }
    }

    int size() {
        return size;
    }

    @SuppressWarnings("unchecked") // only N are added
    private @Nullable N cast(@Nullable WaitNode node) {
        return (N) node;
    }
}
