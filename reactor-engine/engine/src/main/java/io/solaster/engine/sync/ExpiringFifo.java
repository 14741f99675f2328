package io.solaster.engine.sync;

import java.util.Objects;
import java.util.function.BiConsumer;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose items leave by themselves when their patience ends, from anywhere in it and at the cost of one step: what
 * a primitive of one's own keeps its waiters in, or a server its requests that have a deadline.
 *
 * <p>
 * All calls on the owning shard. After Seastar's {@code expiring_fifo}.
 */
public final class ExpiringFifo<T> extends ShardLocal {
    private final BiConsumer<? super T, ? super Throwable> onExpiry;
    private final WaitList<Item> items = new WaitList<>();

    /**
     * An empty queue. On a shard.
     *
     * @param onExpiry is given each item that leaves by itself, and why: a {@link java.util.concurrent.TimeoutException}
     *        or the reason of an abort. It may use the queue
     */
    public ExpiringFifo(BiConsumer<? super T, ? super Throwable> onExpiry) {
        super("an expiring queue");
        this.onExpiry = Objects.requireNonNull(onExpiry);
    }

    /** Adds an item that stays until it is taken. */
    public void add(T item) {
        add(item, Patience.ENDLESS);
    }

    /** Adds an item that leaves when its patience ends: in here, if that is over already. */
    public void add(T item, Patience patience) {
        assertOwner();
        items.add(new Item(shard, Objects.requireNonNull(item, "null is no item of a queue")), patience);
    }

    /** The oldest item, which stays; null if there is none. */
    public @Nullable T peek() {
        assertOwner();
        Item first = items.first();
        return first == null ? null : first.value;
    }

    /** Takes the oldest item; null if there is none. */
    public @Nullable T poll() {
        assertOwner();
        Item first = items.first();
        if (first == null) {
            return null;
        }
        items.unlink(first);
        return first.value;
    }

    /** How many items there are. */
    public int size() {
        assertOwner();
        return items.size();
    }

    /** Whether there is no item. */
    public boolean isEmpty() {
        return size() == 0;
    }

    private final class Item extends WaitNode {
        private final T value;

        Item(Shard shard, T value) {
            super(shard);
            this.value = value;
        }

        @Override
        void gaveUp(Throwable why) {
            onExpiry.accept(value, why);
        }
    }
}
