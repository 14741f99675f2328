package io.solaster.engine.sync;

/**
 * Something held, given back by closing it: for {@code try}-with-resources. On the owning shard.
 */
public abstract sealed class Hold implements AutoCloseable permits Gate.Entry, Semaphore.Permits {
    private final ShardLocal owner;
    private boolean closed;

    Hold(ShardLocal owner) {
        this.owner = owner;
    }

    abstract void giveBack();

    /**
     * Gives back what is held.
     *
     * @throws IllegalStateException the second time
     */
    @Override
    public final void close() {
        owner.assertOwner();
        if (closed) {
            throw new IllegalStateException("given back already; close a hold once");
        }
        closed = true;
        giveBack();
    }
}
