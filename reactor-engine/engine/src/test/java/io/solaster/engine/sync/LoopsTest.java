package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.sync.Loops.Next;
import org.junit.jupiter.api.Test;

class LoopsTest extends OnShard {
    private static final int MILLION = 1_000_000;
    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);
    private static final CompletableFuture<Next> AGAIN = CompletableFuture.completedFuture(Next.AGAIN);
    private static final CompletableFuture<Next> STOP = CompletableFuture.completedFuture(Next.STOP);

    @Test
    void aMillionStepsThatAreDoneAtOnceNeedNoStackAndLetOthersRun() {
        int[] steps = {0};
        boolean[] over = {false};
        int[] others = {0};
        ShardFuture<Void> loop = onShard(() -> {
            other(over, others);
            return Loops.repeat(() -> ++steps[0] == MILLION ? STOP : AGAIN);
        });
        Engines.get(loop);
        onShard(() -> {
            over[0] = true;
            assertThat(steps[0]).isEqualTo(MILLION);
            assertThat(others[0]).as("turns that others had").isGreaterThan(1);
        });
    }

    /** Runs again and again between the others. */
    private static void other(boolean[] over, int[] count) {
        if (!over[0]) {
            count[0]++;
            Shard.yield().thenRun(() -> other(over, count));
        }
    }

    @Test
    void everyLoopTakesAMillionSteps() {
        int[] steps = {0};
        Engines.get(onShard(() -> Loops.doUntil(() -> steps[0] == MILLION, () -> {
            steps[0]++;
            return DONE;
        })));
        Iterable<Integer> items = () -> IntStream.range(0, MILLION).iterator();
        Engines.get(onShard(() -> Loops.parallelForEach(items, item -> {
            steps[0]++;
            return DONE;
        })));
        Engines.get(onShard(() -> Loops.maxConcurrentForEach(items, 1, item -> {
            steps[0]++;
            return DONE;
        })));
        assertThat(onShard(() -> steps[0])).isEqualTo(3 * MILLION);
    }

    @Test
    void stepsThatWaitNeedNoStackEither() {
        Engines.get(onShard(() -> {
            Pipe<Integer> pipe = new Pipe<>(1);
            int[] written = {0};
            int[] read = {0};
            Loops.doUntil(() -> written[0] == 100_000, () -> pipe.write(written[0]++)).thenRun(pipe::closeWriter);
            return Loops.repeat(() -> pipe.read().thenApply(item -> {
                assertThat(item == null ? 100_000 : item.intValue()).isEqualTo(read[0]++);
                return item == null ? Next.STOP : Next.AGAIN;
            }));
        }));
    }

    @Test
    void repeatAndDoUntilTakeOneStepAfterTheOther() {
        Started<Next> started = new Started<>();
        ShardFuture<Void> loop = onShard(() -> Loops.repeat(started::one));
        started.are(1);
        started.complete(0, Next.AGAIN);
        started.are(2);
        started.complete(1, Next.STOP);
        Engines.get(loop);
        started.are(2);
        onShard(() -> assertThat(succeeded(Loops.doUntil(() -> true, () -> {
            throw new AssertionError("must not begin");
        }))).isTrue());
    }

    @Test
    void theFirstFailureEndsALoop() {
        onShard(() -> {
            CompletableFuture<Next> step = new CompletableFuture<>();
            ShardFuture<Void> waiting = Loops.repeat(() -> step.thenApply(next -> next));
            step.completeExceptionally(CAUSE);
            assertThat(failure(waiting)).isSameAs(CAUSE);
            assertThat(failure(Loops.repeat(() -> CompletableFuture.failedFuture(CAUSE)))).isSameAs(CAUSE);
            assertThat(failure(Loops.repeat(() -> {
                throw CAUSE;
            }))).isSameAs(CAUSE);
            assertThat(failure(Loops.repeat(() -> CompletableFuture.completedFuture(null))))
                    .hasMessage("a step of repeat answers AGAIN or STOP, not null");
            assertThat(failure(Loops.doUntil(() -> {
                throw CAUSE;
            }, () -> DONE))).isSameAs(CAUSE);
            assertThat(failure(Loops.doUntil(() -> false, () -> null))).isInstanceOf(NullPointerException.class);
        });
    }

    @Test
    void noMoreThanTheLimitAreUnderWay() {
        Started<Void> started = new Started<>();
        ShardFuture<Void> loop = onShard(
                () -> Loops.maxConcurrentForEach(List.of(1, 2, 3, 4, 5), 2, item -> started.one()));
        started.are(2);
        started.complete(1, null);
        started.are(3);
        started.fail(0, CAUSE);
        // A failure keeps the others from nothing.
        started.are(4);
        started.complete(2, null);
        started.are(5);
        started.fail(3, new RuntimeException("second"));
        assertThat(onShard(() -> pending(loop))).isTrue();
        started.complete(4, null);
        assertThatThrownBy(() -> Engines.get(loop)).isSameAs(CAUSE);
    }

    @Test
    void parallelForEachStartsAllAndWaitsForAll() {
        Started<Void> started = new Started<>();
        ShardFuture<Void> loop = onShard(() -> Loops.parallelForEach(List.of(1, 2, 3), item -> {
            CompletableFuture<Void> one = started.one();
            if (item == 2) {
                throw CAUSE;
            }
            return one;
        }));
        started.are(3);
        started.complete(0, null);
        assertThat(onShard(() -> pending(loop))).isTrue();
        started.complete(2, null);
        assertThatThrownBy(() -> Engines.get(loop)).isSameAs(CAUSE);
        onShard(() -> assertThat(succeeded(Loops.parallelForEach(List.of(), item -> DONE))).isTrue());
    }

    /** Work that a loop has started; it may have to give way before it starts more. */
    private static final class Started<T> {
        private final List<CompletableFuture<T>> futures = new ArrayList<>();

        CompletableFuture<T> one() {
            futures.add(new CompletableFuture<>());
            return futures.getLast();
        }

        /** So many, and no more after another few turns. */
        void are(int count) {
            Engines.until(count + " started", () -> onShard(() -> futures.size() >= count));
            Engines.get(onShard(() -> Shard.yield().thenCompose(nothing -> Shard.yield())));
            assertThat(onShard(() -> futures.size())).isEqualTo(count);
        }

        void complete(int number, T value) {
            onShard(() -> assertThat(futures.get(number).complete(value)).isTrue());
        }

        void fail(int number, Throwable failure) {
            onShard(() -> assertThat(futures.get(number).completeExceptionally(failure)).isTrue());
        }
    }

    @Test
    void aLoopComesHomeFromOtherThreads() {
        List<Shard> seen = new ArrayList<>();
        Engines.get(onShard(() -> Loops.doUntil(() -> seen.size() == 3, () -> {
            seen.add(Shard.current());
            return CompletableFuture.runAsync(() -> {}, engine.offload());
        })));
        Engines.get(onShard(() -> Loops.maxConcurrentForEach(List.of(1, 2, 3), 1, item -> {
            seen.add(Shard.current());
            return CompletableFuture.runAsync(() -> {}, engine.offload());
        })));
        assertThat(onShard(() -> List.copyOf(seen))).hasSize(6).containsOnly(engine.shard(0));
    }

    @Test
    void badUseFailsClearly() {
        onShard(() -> {
            assertThatIllegalArgumentException().isThrownBy(() -> Loops.maxConcurrentForEach(List.of(), 0, x -> DONE))
                    .withMessage("limit 0; let 1 or more be under way");
        });
        assertThatIllegalStateException().isThrownBy(() -> Loops.repeat(() -> STOP))
                .withMessageContaining("a loop belongs to a shard, and thread ");
    }
}
