package io.solaster.engine.sync;

import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Many readers or one writer, first come first served: neither side starves, and a reader that comes after a waiting
 * writer waits behind it. It is for work that goes on over several turns of the loop; within one, nobody else runs.
 *
 * <p>
 * It is not reentrant: who reads and asks to write, or asks to read again behind a waiting writer, waits for itself.
 * Cancelling is as with {@link Semaphore}. All calls on the owning shard. After Seastar's {@code rwlock}.
 */
public final class RwLock {
    private static final long READ = 1;
    /** All there are. */
    private static final long WRITE = Integer.MAX_VALUE;

    private final Semaphore permits = new Semaphore("a read-write lock", WRITE, WRITE);

    /** A lock that is free. On a shard. */
    public RwLock() {
        // What there is to do, its semaphore does.
    }

    /** Locks for reading, waiting for ever. */
    public ShardFuture<@Nullable Void> acquireRead() {
        return permits.acquire(READ);
    }

    /**
     * Locks for reading; to be followed by {@link #releaseRead}.
     *
     * @return completes with the lock; fails with what ended the patience
     */
    public ShardFuture<@Nullable Void> acquireRead(Patience patience) {
        return permits.acquire(READ, patience);
    }

    /** Locks for reading if nobody writes or waits; costs no allocation. */
    public boolean tryAcquireRead() {
        return permits.tryAcquire(READ);
    }

    /**
     * Gives a read lock back.
     *
     * @throws IllegalStateException if nobody reads
     */
    public void releaseRead() {
        if (readers() == 0) {
            throw new IllegalStateException("read lock released that nobody holds; " + (isWriteLocked()
                    ? "it is held for writing: call releaseWrite"
                    : "release once for each acquire"));
        }
        permits.release(READ);
    }

    /** Locks for writing, waiting for ever. */
    public ShardFuture<@Nullable Void> acquireWrite() {
        return permits.acquire(WRITE);
    }

    /**
     * Locks for writing; to be followed by {@link #releaseWrite}.
     *
     * @return completes with the lock; fails with what ended the patience
     */
    public ShardFuture<@Nullable Void> acquireWrite(Patience patience) {
        return permits.acquire(WRITE, patience);
    }

    /** Locks for writing if nobody reads, writes or waits; costs no allocation. */
    public boolean tryAcquireWrite() {
        return permits.tryAcquire(WRITE);
    }

    /**
     * Gives the write lock back.
     *
     * @throws IllegalStateException if nobody writes
     */
    public void releaseWrite() {
        if (!isWriteLocked()) {
            throw new IllegalStateException("write lock released that nobody holds; " + (readers() > 0
                    ? readers() + " hold it for reading: call releaseRead"
                    : "release once for each acquire"));
        }
        permits.release(WRITE);
    }

    /** Locks for reading until the hold is closed: {@code try (var _ = lock.holdRead().join())}. */
    public ShardFuture<Hold> holdRead() {
        return permits.hold(READ);
    }

    /** As {@link #holdRead()}, with patience. */
    public ShardFuture<Hold> holdRead(Patience patience) {
        return permits.hold(READ, patience);
    }

    /** Locks for writing until the hold is closed: {@code try (var _ = lock.holdWrite().join())}. */
    public ShardFuture<Hold> holdWrite() {
        return permits.hold(WRITE);
    }

    /** As {@link #holdWrite()}, with patience. */
    public ShardFuture<Hold> holdWrite(Patience patience) {
        return permits.hold(WRITE, patience);
    }

    /** Starts work with the lock held for reading, until its future is done. */
    public <T extends @Nullable Object> ShardFuture<T> withRead(Supplier<? extends CompletionStage<T>> work) {
        return permits.with(READ, work);
    }

    /** As {@link #withRead(Supplier)}, with patience for the lock, not for the work. */
    public <T extends @Nullable Object> ShardFuture<T> withRead(Patience patience,
            Supplier<? extends CompletionStage<T>> work) {
        return permits.with(READ, patience, work);
    }

    /** Starts work with the lock held for writing, until its future is done. */
    public <T extends @Nullable Object> ShardFuture<T> withWrite(Supplier<? extends CompletionStage<T>> work) {
        return permits.with(WRITE, work);
    }

    /** As {@link #withWrite(Supplier)}, with patience for the lock, not for the work. */
    public <T extends @Nullable Object> ShardFuture<T> withWrite(Patience patience,
            Supplier<? extends CompletionStage<T>> work) {
        return permits.with(WRITE, patience, work);
    }

    /** How many hold it for reading. */
    public int readers() {
        return isWriteLocked() ? 0 : (int) (WRITE - permits.available());
    }

    /** Whether somebody holds it for writing. */
    public boolean isWriteLocked() {
        return permits.available() == 0;
    }

    /** How many wait for it. */
    public int waiting() {
        return permits.waiting();
    }
}
