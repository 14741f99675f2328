package io.solaster.engine.sync;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells work to stop, with a reason. Sources form a tree: aborting one aborts those below it, of any number and depth.
 * Whoever works looks at {@link #isAborted}, subscribes with {@link #onAbort}, or waits with
 * {@link Patience#until(AbortSource)}.
 *
 * <p>
 * It stays aborted; a second abort changes nothing. Subscriptions are called once each, on the shard, in the order of
 * subscribing, those of a parent before those of its children, when the whole tree below counts as aborted already; one
 * that throws is logged and stops none of the others. A parent holds its children: {@link #close} the short-lived ones.
 * All calls on the owning shard. After Seastar's {@code abort_source}.
 */
public final class AbortSource extends ShardLocal implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AbortSource.class);

    /** Before the first and behind the last: the list is a ring. */
    private final Subscription ring = new Subscription(null, null);
    private @Nullable Subscription atParent;
    private @Nullable Throwable reason;

    /** A source without a parent. On a shard. */
    public AbortSource() {
        super("an abort source");
    }

    /** A source that is aborted with this one, and at once if this one is already. */
    public AbortSource child() {
        assertOwner();
        AbortSource child = new AbortSource();
        if (reason != null) {
            child.reason = reason;
        } else {
            child.atParent = new Subscription(null, child);
            child.atParent.linkBefore(ring);
        }
        return child;
    }

    /** Aborts, for no particular reason. */
    public void abort() {
        if (!isAborted()) {
            abort(new AbortedException());
        }
    }

    /**
     * Aborts this source and all below it.
     *
     * @param why what the waits that end so fail with
     */
    public void abort(Throwable why) {
        assertOwner();
        Objects.requireNonNull(why, "an abort with null as its reason; give one, or no argument");
        if (reason != null) {
            return;
        }
        close();
        List<AbortSource> tree = new ArrayList<>();
        tree.add(this);
        for (int i = 0; i < tree.size(); i++) {
            tree.get(i).mark(why, tree);
        }
        for (AbortSource source : tree) {
            source.callBack(why);
        }
    }

    private void mark(Throwable why, List<AbortSource> tree) {
        reason = why;
        for (Subscription each = ring.next; each != ring;) {
            Subscription next = each.next;
            if (each.child != null) {
                each.unlink();
                each.child.atParent = null;
                tree.add(each.child);
            }
            each = next;
        }
    }

    private void callBack(Throwable why) {
        for (Subscription first = ring.next; first != ring; first = ring.next) {
            first.unlink();
            if (first.action != null) {
                try {
                    first.action.accept(why);
                } catch (Throwable failure) {
                    log.error("{} threw at an abort on shard {}", first.action.getClass().getName(), shard.id(),
                            failure);
                }
            }
        }
    }

    /** Whether it was aborted. */
    public boolean isAborted() {
        assertOwner();
        return reason != null;
    }

    /** Why it was aborted; null if it was not. */
    public @Nullable Throwable reason() {
        assertOwner();
        return reason;
    }

    /**
     * Goes on unless aborted: for long loops.
     *
     * @throws AbortedException if it was aborted; the reason is it or its cause
     */
    public void check() {
        assertOwner();
        if (reason instanceof AbortedException aborted) {
            throw aborted;
        }
        if (reason != null) {
            AbortedException aborted = new AbortedException("aborted: " + reason);
            aborted.initCause(reason);
            throw aborted;
        }
    }

    /**
     * Calls an action with the reason when this source is aborted; now, if it is already.
     *
     * @return to take the subscription back, in constant time
     */
    public Subscription onAbort(Consumer<? super Throwable> action) {
        assertOwner();
        Subscription subscription = new Subscription(action, null);
        if (reason != null) {
            action.accept(reason);
        } else {
            subscription.linkBefore(ring);
        }
        return subscription;
    }

    /** Leaves the parent, which no longer aborts this source; aborts nothing. Without a parent it does nothing. */
    @Override
    public void close() {
        assertOwner();
        if (atParent != null) {
            atParent.unlink();
            atParent = null;
        }
    }

    /** A wish to be told of an abort. */
    public final class Subscription implements AutoCloseable {
        private final @Nullable Consumer<? super Throwable> action;
        private final @Nullable AbortSource child;
        private Subscription previous = this;
        private Subscription next = this;

        private Subscription(@Nullable Consumer<? super Throwable> action, @Nullable AbortSource child) {
            this.action = action;
            this.child = child;
        }

        private void linkBefore(Subscription other) {
            previous = other.previous;
            next = other;
            previous.next = this;
            other.previous = this;
        }

        private void unlink() {
            previous.next = next;
            next.previous = previous;
            previous = this;
            next = this;
        }

        /** Takes the wish back. It does nothing if the action was called, or the second time. On the owning shard. */
        @Override
        public void close() {
            assertOwner();
            unlink();
        }
    }
}
