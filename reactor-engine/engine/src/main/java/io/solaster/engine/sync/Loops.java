package io.solaster.engine.sync;

import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * Loops whose steps answer with futures. They let the others on the shard have their turn when the task quota is used up
 * ({@link Shard#needPreempt}), and use no more stack for a million steps than for one. A step must not wait: it returns
 * what it would wait for. Its future may be completed on any thread; the loop goes on on its shard, in its group.
 *
 * <p>
 * Straight-line code on a virtual thread needs none of this: it writes a {@code for}. On a shard. After Seastar's
 * {@code repeat}, {@code do_until}, {@code parallel_for_each} and {@code max_concurrent_for_each}.
 */
public final class Loops {

    private Loops() {}

    /** What a step of {@link #repeat} answers. */
    public enum Next {
        /** One more step. */
        AGAIN,
        /** That was the last. */
        STOP
    }

    /**
     * Takes one step after the other until one answers {@link Next#STOP}.
     *
     * @return completes after the last step; fails with the first failure, which ends the loop
     */
    public static ShardFuture<@Nullable Void> repeat(Supplier<? extends CompletionStage<Next>> step) {
        return new Sequence(() -> false, step, Loops::isLast).begin();
    }

    private static boolean isLast(@Nullable Object answer) {
        return Objects.requireNonNull(answer, "a step of repeat answers AGAIN or STOP, not null") == Next.STOP;
    }

    /**
     * Takes one step after the other until a condition holds, which is looked at before each.
     *
     * @return completes when the condition holds; fails with the first failure, which ends the loop
     */
    public static ShardFuture<@Nullable Void> doUntil(BooleanSupplier condition,
            Supplier<? extends CompletionStage<?>> step) {
        return new Sequence(condition, step, answer -> false).begin();
    }

    /**
     * Starts work on every item, without waiting for that on the others.
     *
     * @return as {@link #maxConcurrentForEach}
     */
    public static <T extends @Nullable Object> ShardFuture<@Nullable Void> parallelForEach(Iterable<? extends T> items,
            Function<? super T, ? extends CompletionStage<?>> work) {
        return maxConcurrentForEach(items, Integer.MAX_VALUE, work);
    }

    /**
     * Starts work on every item in order, on at most so many at a time.
     *
     * @param limit from 1
     * @return completes when the work on all items is done; fails then with the first failure, which keeps the others
     *         from nothing
     */
    public static <T extends @Nullable Object> ShardFuture<@Nullable Void> maxConcurrentForEach(
            Iterable<? extends T> items, int limit, Function<? super T, ? extends CompletionStage<?>> work) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit " + limit + "; let 1 or more be under way");
        }
        return new ForEach<T>(items.iterator(), limit, work).begin();
    }

    /** A loop's way back to its shard and group after waiting. */
    private abstract static class Loop extends ShardLocal
            implements
                Runnable,
                BiConsumer<@Nullable Object, @Nullable Throwable> {
        final ShardFuture<@Nullable Void> result;
        private final SchedulingGroup group;

        Loop() {
            super("a loop");
            result = shard.newFuture();
            group = shard.currentGroup();
        }

        final ShardFuture<@Nullable Void> begin() {
            run();
            return result;
        }

        /** Something waited for is done. On any thread. */
        @Override
        public final void accept(@Nullable Object answer, @Nullable Throwable failure) {
            if (Shard.current() == shard && shard.currentGroup() == group) {
                goOn(answer, failure);
            } else {
                shard.executeOrElse(group, () -> goOn(answer, failure),
                        () -> result.completeExceptionally(shard.stopped()));
            }
        }

        abstract void goOn(@Nullable Object answer, @Nullable Throwable failure);

        /** Runs on when the others have had their turn. */
        final void giveWay() {
            Shard.yield().whenComplete((nothing, failure) -> {
                if (failure == null) {
                    run();
                } else {
                    result.completeExceptionally(ShardFuture.causeOf(failure));
                }
            });
        }
    }

    /** One step after the other. */
    private static final class Sequence extends Loop {
        private final BooleanSupplier over;
        private final Supplier<? extends CompletionStage<?>> step;

        private final Predicate<@Nullable Object> last;

        Sequence(BooleanSupplier over, Supplier<? extends CompletionStage<?>> step,
                Predicate<@Nullable Object> last) {
            this.over = over;
            this.step = step;
            this.last = last;
        }

        @Override
        public void run() {
            try {
                do {
                    if (over.getAsBoolean()) {
                        result.resolve(null);
                        return;
                    }
                    CompletableFuture<?> future = step.get().toCompletableFuture();
                    if (!future.isDone()) {
                        future.whenComplete(this);
                        return;
                    }
                    if (last.test(future.join())) {
                        result.resolve(null);
                        return;
                    }
                } while (!Shard.needPreempt());
                giveWay();
            } catch (Throwable failure) {
                result.fail(ShardFuture.causeOf(failure));
            }
        }

        @Override
        void goOn(@Nullable Object answer, @Nullable Throwable failure) {
            try {
                if (failure != null) {
                    result.fail(ShardFuture.causeOf(failure));
                } else if (last.test(answer)) {
                    result.resolve(null);
                } else if (Shard.needPreempt()) {
                    giveWay();
                } else {
                    run();
                }
            } catch (Throwable thrown) {
                result.fail(thrown);
            }
        }
    }

    /** Steps beside each other. */
    private static final class ForEach<T extends @Nullable Object> extends Loop {
        private final Iterator<? extends T> items;
        private final int limit;
        private final Function<? super T, ? extends CompletionStage<?>> work;
        private int underWay;
        /** Whether {@link #run} runs or is going to: it alone starts work. */
        private boolean starting = true;
        private boolean exhausted;
        private @Nullable Throwable firstFailure;

        ForEach(Iterator<? extends T> items, int limit, Function<? super T, ? extends CompletionStage<?>> work) {
            this.items = items;
            this.limit = limit;
            this.work = work;
        }

        @Override
        public void run() {
            starting = true;
            try {
                while (underWay < limit && !exhausted) {
                    if (!items.hasNext()) {
                        exhausted = true;
                        break;
                    }
                    start(items.next());
                    if (Shard.needPreempt()) {
                        giveWay();
                        return;
                    }
                }
            } catch (Throwable failure) {
                // The items cannot be walked, or the shard takes no more tasks.
                note(failure);
                exhausted = true;
            }
            starting = false;
            finishIfAllDone();
        }

        private void start(T item) {
            CompletableFuture<?> future;
            try {
                future = work.apply(item).toCompletableFuture();
                if (future.isDone()) {
                    future.join();
                    return;
                }
            } catch (Throwable failure) {
                note(failure);
                return;
            }
            underWay++;
            future.whenComplete(this);
        }

        @Override
        void goOn(@Nullable Object answer, @Nullable Throwable failure) {
            underWay--;
            if (failure != null) {
                note(failure);
            }
            if (starting) {
                return;
            }
            if (exhausted) {
                finishIfAllDone();
            } else {
                run();
            }
        }

        private void note(Throwable failure) {
            if (firstFailure == null) {
                firstFailure = ShardFuture.causeOf(failure);
            }
        }

        private void finishIfAllDone() {
            if (!exhausted || underWay > 0) {
                return;
            }
            if (firstFailure != null) {
                result.fail(firstFailure);
            } else {
                result.resolve(null);
            }
        }
    }
}
