package io.solaster.engine.sync;

/**
 * Something held, given back by closing it: for {@code try}-with-resources. On the owning shard.
 */
public abstract sealed class Hold implements AutoCloseable permits Gate.Entry, Semaphore.Permits {
    private boolean closed;

    Hold() {}

    abstract void giveBack();

    /**
     * Gives back what is held.
     *
     * @throws IllegalStateException the second time
     */
    @Override
    public final void close() {
        if (closed) {
            throw new IllegalStateException("given back already; close a hold once");
        }
        giveBack();
        closed = true;
    }
}
