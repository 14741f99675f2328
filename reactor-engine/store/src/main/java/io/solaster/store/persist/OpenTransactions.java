package io.solaster.store.persist;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import java.util.function.LongConsumer;

import org.jspecify.annotations.Nullable;

/**
 * The transactions that a shard's log has a record of and of which nobody knows yet that all shards have theirs. Their keys are
 * held, so nothing in the log depends on them. On that shard.
 */
final class OpenTransactions {
    private static final long CLOSED = -1;

    /** Who waits until all are closed that were opened by then. */
    private record Waiter(long upTo, CompletableFuture<@Nullable Void> told) {}

    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    /** By handle: the first record, which ascends. */
    private long[] firsts = new long[16];
    private long[] numbers = new long[16];
    private long oldest = 1;
    private long newest;

    /**
     * Opens one.
     *
     * @param first the record that it begins with
     * @param number of the transaction
     * @return a handle, above all that were given before
     */
    long open(long first, long number) {
        if (newest + 1 - oldest == firsts.length) {
            grow();
        }
        newest++;
        firsts[at(newest)] = first;
        numbers[at(newest)] = number;
        return newest;
    }

    private int at(long handle) {
        return (int) handle & firsts.length - 1;
    }

    private void grow() {
        long[] moreFirsts = new long[2 * firsts.length];
        long[] moreNumbers = new long[2 * firsts.length];
        for (long handle = oldest; handle <= newest; handle++) {
            int to = (int) handle & moreFirsts.length - 1;
            moreFirsts[to] = firsts[at(handle)];
            moreNumbers[to] = numbers[at(handle)];
        }
        firsts = moreFirsts;
        numbers = moreNumbers;
    }

    /** Closes one: all shards have it, or the log says what became of it. */
    void close(long handle) {
        if (handle < oldest) {
            return;
        }
        firsts[at(handle)] = CLOSED;
        while (oldest <= newest && firsts[at(oldest)] == CLOSED) {
            oldest++;
        }
        while (!waiters.isEmpty() && waiters.getFirst().upTo < oldest) {
            waiters.removeFirst().told.complete(null);
        }
    }

    /** Transactions that began with this record or before are closed; very many if none is open. */
    long settled() {
        return oldest > newest ? Long.MAX_VALUE : firsts[at(oldest)] - 1;
    }

    /** Completes once all are closed that are open now. */
    CompletableFuture<@Nullable Void> whenClosed() {
        if (oldest > newest) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
        waiters.add(new Waiter(newest, told));
        return told;
    }

    /** Gives the handles of those that were begun by some shards. */
    void forEachOf(IntPredicate origin, int shards, LongConsumer taker) {
        for (long handle : handles()) {
            if (origin.test((int) (numbers[at(handle)] % shards))) {
                taker.accept(handle);
            }
        }
    }

    private long[] handles() {
        long[] open = new long[(int) (newest + 1 - oldest)];
        int count = 0;
        for (long handle = oldest; handle <= newest; handle++) {
            if (firsts[at(handle)] != CLOSED) {
                open[count++] = handle;
            }
        }
        return Arrays.copyOf(open, count);
    }

    /** The number of one that is open. */
    long number(long handle) {
        return numbers[at(handle)];
    }

    /** Nobody closes any more: who waits is told so. */
    void end(Throwable why) {
        waiters.forEach(each -> each.told.completeExceptionally(why));
        waiters.clear();
    }
}
