package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.Test;

class ConditionVariableTest extends OnShard {

    @Test
    void aSignalWakesTheFirstAndSignalAllWhoWaitsNow() {
        onShard(() -> {
            ConditionVariable changed = new ConditionVariable();
            changed.signal();
            List<String> order = new ArrayList<>();
            for (String name : List.of("a", "b", "c")) {
                changed.await().thenRun(() -> {
                    order.add(name);
                    changed.await().thenRun(() -> order.add(name + " again"));
                });
            }
            changed.signal();
            assertThat(order).containsExactly("a");
            changed.signalAll();
            assertThat(order).as("who waits again in a callback waits for the next").containsExactly("a", "b", "c",
                    "a again");
            assertThat(changed.waiting()).isEqualTo(2);
        });
    }

    @Test
    void aSignalGoesToTheFirstWhosePredicateHoldsAndTheOthersKeepTheirPlaces() {
        onShard(() -> {
            ConditionVariable changed = new ConditionVariable();
            int[] level = {0};
            List<Integer> order = new ArrayList<>();
            List<ShardFuture<Void>> waits = new ArrayList<>();
            for (int wanted : new int[]{2, 1, 2, 0}) {
                ShardFuture<Void> wait = changed.await(() -> level[0] >= wanted);
                wait.thenRun(() -> order.add(wanted));
                waits.add(wait);
            }
            assertThat(order).as("holds already").containsExactly(0);
            changed.signalAll();
            assertThat(order).containsExactly(0);
            level[0] = 1;
            changed.signal();
            changed.signal();
            assertThat(order).containsExactly(0, 1);
            level[0] = 2;
            changed.signal();
            assertThat(succeeded(waits.get(0)) && pending(waits.get(2))).isTrue();
            changed.signalAll();
            assertThat(order).containsExactly(0, 1, 2, 2);
        });
    }

    @Test
    void aPredicateThatThrowsFailsItsOwnWaitOnly() {
        onShard(() -> {
            ConditionVariable changed = new ConditionVariable();
            boolean[] broken = {false};
            ShardFuture<Void> thrower = changed.await(() -> {
                if (broken[0]) {
                    throw CAUSE;
                }
                return false;
            });
            ShardFuture<Void> other = changed.await();
            broken[0] = true;
            changed.signal();
            assertThat(failure(thrower)).isSameAs(CAUSE);
            assertThat(succeeded(other)).as("the signal was not spent on a failure").isTrue();
            assertThat(failure(changed.await(() -> {
                throw CAUSE;
            }))).isSameAs(CAUSE);
        });
    }

    @Test
    void whoGivesUpOrIsCancelledTakesNoSignal() {
        ConditionVariable changed = onShard(ConditionVariable::new);
        ShardFuture<Void> late = onShard(() -> changed.await(SHORT));
        assertTimesOut(late);
        onShard(() -> {
            AbortSource abort = new AbortSource();
            ShardFuture<Void> waits = changed.await(() -> abort.isAborted() && changed.waiting() == 0);
            ShardFuture<Void> cancelled = changed.await();
            ShardFuture<Void> aborted = changed.await(Patience.until(abort));
            ShardFuture<Void> never = changed.await(() -> false, Patience.until(abort));
            ShardFuture<Void> last = changed.await(LONG);
            cancelled.cancel(false);
            abort.abort(CAUSE);
            assertThat(failure(aborted)).isSameAs(CAUSE);
            assertThat(failure(never)).isSameAs(CAUSE);
            changed.signal();
            assertThat(succeeded(last)).isTrue();
            assertThat(pending(waits)).isTrue();
            assertThat(changed.waiting()).isEqualTo(1);
        });
    }

    @Test
    void brokenItFailsAllWithTheCause() {
        onShard(() -> {
            ConditionVariable changed = new ConditionVariable();
            ShardFuture<Void> before = changed.await();
            changed.breakWith(CAUSE);
            changed.breakWith(new RuntimeException("too late"));
            assertThat(failure(before)).isSameAs(CAUSE);
            assertThat(failure(changed.await())).isSameAs(CAUSE);
            assertThat(succeeded(changed.await(() -> true))).isTrue();
        });
    }

    @Test
    void aHundredThousandThatSignalEachOtherNeedNoStack() {
        onShard(() -> {
            ConditionVariable changed = new ConditionVariable();
            int[] count = {0};
            for (int i = 0; i < 100_000; i++) {
                changed.await().thenRun(() -> {
                    count[0]++;
                    changed.signal();
                });
            }
            changed.signal();
            assertThat(count[0]).isEqualTo(100_000);
        });
    }

    @Test
    void belongsToItsShard() {
        ConditionVariable changed = onShard(ConditionVariable::new);
        assertBelongsToItsShard("a condition variable", changed::await, () -> changed.await(() -> true),
                changed::signal,
                changed::signalAll, () -> changed.breakWith(CAUSE), changed::waiting);
    }
}
