package io.solaster.engine.sync;

import java.util.ArrayDeque;
import java.util.Objects;
import java.util.function.Consumer;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * A bounded stream of items from those who write to those who read, in order. A write to a full pipe waits: so a slow
 * reader slows the writer down.
 *
 * <p>
 * An item belongs to the pipe once its write is done, and to the reader once it is read; that of a write that fails stays
 * with the writer. The writer closes to end the stream: the reader gets all that was written, and then the end. The
 * reader closes to refuse more: what is in the pipe is discarded, and writes fail. Reads and writes are each served in
 * the order of coming; cancelling the future of one that waits takes it out, though patience is the better way. All calls
 * on the owning shard. After Seastar's {@code pipe}.
 */
public final class Pipe<T> extends ShardLocal {
    private final int capacity;
    private final ArrayDeque<T> items = new ArrayDeque<>();
    private final WaitList<Read> reads = new WaitList<>();
    private final WaitList<Write> writes = new WaitList<>();
    private final Wakeups wakeups = new Wakeups();
    private boolean closedByReader;
    private boolean closedByWriter;
    private @Nullable Throwable failure;

    /**
     * An empty pipe. On a shard.
     *
     * @param capacity items in the pipe, from 1, before writes wait
     */
    public Pipe(int capacity) {
        super("a pipe");
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity " + capacity + " of a pipe; give it 1 or more");
        }
        this.capacity = capacity;
    }

    /** Writes an item, waiting for ever. */
    public ShardFuture<@Nullable Void> write(T item) {
        return write(item, Patience.ENDLESS);
    }

    /**
     * Writes an item.
     *
     * @return completes when the pipe or a reader has taken it; fails with what ended the patience, or with
     *         {@link PipeClosedException}
     */
    public ShardFuture<@Nullable Void> write(T item, Patience patience) {
        assertOwner();
        PipeClosedException closed = closedForWrites();
        if (closed != null) {
            return failed(closed);
        }
        if (tryWrite(item)) {
            return done();
        }
        Write write = new Write(shard, item);
        writes.add(write, patience);
        return write.future;
    }

    /**
     * Writes an item if the pipe has room. Costs no allocation.
     *
     * @return whether it did
     * @throws PipeClosedException if the pipe is closed
     */
    public boolean tryWrite(T item) {
        assertOwner();
        Objects.requireNonNull(item, "null ends a pipe and is no item of one; close it instead");
        PipeClosedException closed = closedForWrites();
        if (closed != null) {
            throw closed;
        }
        Read read = reads.first();
        if (read != null) {
            wakeups.resolve(reads, read, item);
            wakeups.run();
            return true;
        }
        if (items.size() >= capacity || writes.first() != null) {
            return false;
        }
        items.add(item);
        return true;
    }

    private @Nullable PipeClosedException closedForWrites() {
        return closedByReader
                ? new PipeClosedException("reader")
                : closedByWriter ? new PipeClosedException("writer") : null;
    }

    /** Reads an item, waiting for ever. */
    public ShardFuture<@Nullable T> read() {
        return read(Patience.ENDLESS);
    }

    /**
     * Reads an item.
     *
     * @return completes with it, or with null when all is read and the writer has closed; fails with what the writer
     *         closed with, what ended the patience, or with {@link PipeClosedException} after {@link #closeReader}
     */
    public ShardFuture<@Nullable T> read(Patience patience) {
        T item = tryRead();
        if (item == null && closedByReader) {
            return failed(new PipeClosedException("reader"));
        }
        if (item == null && failure != null) {
            return failed(failure);
        }
        if (item == null && !closedByWriter) {
            Read read = new Read(shard);
            reads.add(read, patience);
            return read.future;
        }
        ShardFuture<@Nullable T> future = shard.newFuture();
        future.resolve(item);
        return future;
    }

    /** The next item; null if there is none now, or none ever again: see {@link #isEnded}. Costs no allocation. */
    public @Nullable T tryRead() {
        assertOwner();
        T item = items.poll();
        Write write = item == null ? null : writes.first();
        if (write != null) {
            items.add(write.item);
            wakeups.resolve(writes, write, null);
            wakeups.run();
        }
        return item;
    }

    /**
     * Ends the stream. Writes that wait are still delivered.
     *
     * @throws IllegalStateException if the writer has closed already
     */
    public void closeWriter() {
        endWriting(null);
    }

    /**
     * Ends the stream with a failure, which reads fail with once all items are read.
     *
     * @throws IllegalStateException if the writer has closed already
     */
    public void closeWriter(Throwable failure) {
        endWriting(Objects.requireNonNull(failure, "close with a failure, or without an argument"));
    }

    private void endWriting(@Nullable Throwable why) {
        assertOwner();
        if (closedByWriter) {
            throw new IllegalStateException("the writer has closed the pipe already; close each end once");
        }
        closedByWriter = true;
        failure = why;
        // Whoever waits to read has found the pipe empty.
        if (why != null) {
            wakeups.failAll(reads, why);
        } else {
            for (Read read = reads.first(); read != null; read = reads.first()) {
                wakeups.resolve(reads, read, null);
            }
        }
        wakeups.run();
    }

    /**
     * Refuses more, and drops what is in the pipe.
     *
     * @throws IllegalStateException if the reader has closed already
     */
    public void closeReader() {
        closeReader(dropped -> {});
    }

    /**
     * Refuses more, and gives away what is in the pipe.
     *
     * @param discard takes each item that was written and will not be read, say to release it
     * @throws IllegalStateException if the reader has closed already
     */
    public void closeReader(Consumer<? super T> discard) {
        assertOwner();
        if (closedByReader) {
            throw new IllegalStateException("the reader has closed the pipe already; close each end once");
        }
        closedByReader = true;
        PipeClosedException closed = new PipeClosedException("reader");
        wakeups.failAll(writes, closed);
        wakeups.failAll(reads, closed);
        try {
            for (T item = items.poll(); item != null; item = items.poll()) {
                discard.accept(item);
            }
        } finally {
            wakeups.run();
        }
    }

    /** Whether nothing will be read any more. */
    public boolean isEnded() {
        assertOwner();
        return closedByReader || closedByWriter && items.isEmpty();
    }

    /** Items in the pipe. */
    public int size() {
        assertOwner();
        return items.size();
    }

    /** Writes that wait for room. */
    public int writesWaiting() {
        assertOwner();
        return writes.size();
    }

    /** Reads that wait for an item. */
    public int readsWaiting() {
        assertOwner();
        return reads.size();
    }

    private final class Read extends Waiter<@Nullable T> {

        Read(Shard shard) {
            super(shard);
        }

        @Override
        void gaveUp(Throwable why) {
            wakeups.fail(reads, this, why);
            wakeups.run();
        }
    }

    private final class Write extends Waiter<@Nullable Void> {
        private final T item;

        Write(Shard shard, T item) {
            super(shard);
            this.item = item;
        }

        @Override
        void gaveUp(Throwable why) {
            wakeups.fail(writes, this, why);
            wakeups.run();
        }
    }
}
