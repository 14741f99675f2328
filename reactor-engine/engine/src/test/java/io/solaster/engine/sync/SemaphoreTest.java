package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class SemaphoreTest extends OnShard {

    @Test
    void whatIsThereIsHadAtOnceAndAllocatesNoFuture() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(3);
            ShardFuture<Void> first = semaphore.acquire(2);
            assertThat(first).isCompleted().isSameAs(semaphore.acquire(1));
            assertThat(semaphore.tryAcquire()).isFalse();
            assertThat(semaphore.available()).isZero();
            semaphore.release(3);
            assertThat(semaphore.available()).isEqualTo(3);
        });
    }

    @Test
    void aBigRequestIsNotOvertakenBySmallOnes() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(4);
            semaphore.acquire(3);
            ShardFuture<Void> big = semaphore.acquire(4);
            ShardFuture<Void> small = semaphore.acquire(1);
            assertThat(semaphore.tryAcquire()).as("one is there, but somebody waits").isFalse();
            semaphore.release(2);
            assertThat(List.of(pending(big), pending(small))).containsExactly(true, true);
            semaphore.release(1);
            assertThat(List.of(succeeded(big), pending(small))).containsExactly(true, true);
            semaphore.release(4);
            assertThat(succeeded(small)).isTrue();
            assertThat(semaphore.available()).isEqualTo(3);
        });
    }

    @Test
    void timesOutInTheOrderOfTimeWhateverTheOrderOfComing() {
        List<String> order = new ArrayList<>();
        record Started(Semaphore semaphore, ShardFuture<Void> hour, ShardFuture<Void> later,
                ShardFuture<Void> behind) {}
        Started started = onShard(() -> {
            Semaphore semaphore = new Semaphore(0, 2);
            ShardFuture<Void> hour = semaphore.acquire(2, LONG);
            ShardFuture<Void> sooner = semaphore.acquire(1, SHORT);
            ShardFuture<Void> later = semaphore.acquire(1, Patience.of(Duration.ofMillis(5)));
            sooner.whenComplete((nothing, failure) -> order.add("sooner"));
            later.whenComplete((nothing, failure) -> order.add("later"));
            return new Started(semaphore, hour, later, semaphore.acquire(1));
        });
        assertThatThrownBy(() -> Engines.get(started.later)).rootCause().isInstanceOf(TimeoutException.class)
                .hasMessage("waited PT0.005S in vain");
        onShard(() -> {
            assertThat(order).containsExactly("sooner", "later");
            assertThat(pending(started.hour) && pending(started.behind)).isTrue();
            started.semaphore.release(2);
            assertThat(succeeded(started.hour) && pending(started.behind)).isTrue();
            started.semaphore.release(2);
            assertThat(succeeded(started.behind)).isTrue();
        });
    }

    @Test
    void aBigRequestThatTimesOutIsNoLongerInTheWay() {
        ShardFuture<Void> small = onShard(() -> {
            Semaphore semaphore = new Semaphore(2);
            semaphore.acquire(1);
            semaphore.acquire(2, SHORT);
            return semaphore.acquire(1);
        });
        Engines.get(small);
    }

    @Test
    void aTimeoutOfNothingTakesWhatIsThereOrFailsAtOnce() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(1);
            Patience none = Patience.of(Duration.ZERO);
            assertThat(succeeded(semaphore.acquire(1, none))).isTrue();
            assertThat(failure(semaphore.acquire(1, none))).hasMessage("waited PT0S in vain");
            assertThat(semaphore.waiting()).isZero();
        });
    }

    @Test
    void anAbortEndsWaitsBeforeAndDuringButNotAfterThem() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(2);
            AbortSource abort = new AbortSource();
            ShardFuture<Void> had = semaphore.acquire(2, Patience.until(abort));
            ShardFuture<Void> granted = semaphore.acquire(1, Patience.until(abort));
            ShardFuture<Void> aborted = semaphore.acquire(2, Patience.until(abort));
            ShardFuture<Void> behind = semaphore.acquire(1);
            semaphore.release(1);
            semaphore.release(1);
            assertThat(pending(behind)).isTrue();
            abort.abort(CAUSE);
            assertThat(succeeded(had) && succeeded(granted)).isTrue();
            assertThat(failure(aborted)).isSameAs(CAUSE);
            assertThat(succeeded(behind)).isTrue();
            assertThat(failure(semaphore.acquire(1, Patience.until(abort)))).isSameAs(CAUSE);
            assertThat(semaphore.waiting()).isZero();
            semaphore.release(2);
            assertThat(succeeded(semaphore.acquire(1, Patience.until(abort)))).as("no wait, no abort").isTrue();
        });
    }

    @Test
    void brokenItFailsAllWithTheCause() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(0, 10);
            List<ShardFuture<Void>> waits = List.of(semaphore.acquire(), semaphore.acquire(10, LONG));
            semaphore.breakWith(CAUSE);
            semaphore.breakWith(new RuntimeException("too late"));
            assertThat(waits).allSatisfy(wait -> assertThat(failure(wait)).isSameAs(CAUSE));
            semaphore.release(5);
            assertThat(failure(semaphore.acquire())).isSameAs(CAUSE);
            assertThat(semaphore.tryAcquire()).isFalse();
        });
    }

    @Test
    void badUseFailsClearly() {
        assertThatIllegalStateException().isThrownBy(() -> new Semaphore(1))
                .withMessageContaining("a semaphore belongs to a shard, and thread ")
                .withMessageContaining("make it on its shard, with Engine.submitTo");
        Semaphore semaphore = onShard(() -> new Semaphore(3));
        onShard(() -> {
            assertThatIllegalArgumentException().isThrownBy(() -> new Semaphore(-1))
                    .withMessage("-1 permits of a maximum of -1; begin with 0 to maximum");
            assertThatIllegalArgumentException().isThrownBy(() -> semaphore.acquire(-2))
                    .withMessage("-2 permits asked; ask for 0 to 3");
            assertThatIllegalArgumentException().isThrownBy(() -> semaphore.acquire(4))
                    .withMessage("4 permits asked; ask for 0 to 3");
            assertThatIllegalArgumentException().isThrownBy(() -> semaphore.release(-1))
                    .withMessage("-1 permits released; release 0 or more");
            semaphore.acquire(1);
            assertThatIllegalStateException().isThrownBy(() -> semaphore.release(2)).withMessage(
                    "2 permits released with 2 there of a maximum of 3; release what was acquired, once");
            assertThatIllegalStateException()
                    .isThrownBy(() -> new Semaphore(1, Long.MAX_VALUE).release(Long.MAX_VALUE));
        });
        assertBelongsToItsShard("a semaphore", semaphore::acquire, semaphore::release, () -> semaphore.breakWith(CAUSE),
                semaphore::available, semaphore::waiting);
    }

    @Test
    void anAbortSourceOfAnotherShardIsRefusedAndNothingWaits() {
        AbortSource here = onShard(() -> new AbortSource());
        CompletableFuture<Integer> waiting = new CompletableFuture<>();
        assertBelongsToItsShard("an abort source", () -> {
            Semaphore there = new Semaphore(0, 1);
            try {
                there.acquire(1, Patience.until(here));
            } finally {
                waiting.complete(there.waiting());
            }
        });
        assertThat(waiting).isCompletedWithValue(0);
    }

    @Test
    void withHoldsThePermitsWhileTheWorkGoesOn() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(1);
            CompletableFuture<String> work = new CompletableFuture<>();
            ShardFuture<String> first = semaphore.with(1, () -> work);
            ShardFuture<String> second = semaphore.with(1, () -> {
                throw CAUSE;
            });
            ShardFuture<String> third = semaphore.with(1, () -> null);
            assertThat(semaphore.available()).isZero();
            work.complete("done");
            assertThat(first).isCompletedWithValue("done");
            assertThat(failure(second)).isSameAs(CAUSE);
            assertThat(failure(third)).hasMessage("the work answered null and no future");
            assertThat(semaphore.available()).isEqualTo(1);
        });
    }

    @Test
    void workThatEndsOnAnotherThreadGivesThePermitsBackOnTheShard() {
        CompletableFuture<String> work = new CompletableFuture<>();
        CompletableFuture<Shard> home = new CompletableFuture<>();
        Semaphore semaphore = onShard(() -> new Semaphore(1));
        onShard(() -> {
            semaphore.with(1, () -> work).thenRun(() -> home.complete(Shard.current()));
        });
        work.complete("from elsewhere");
        assertThat(Engines.get(home)).isSameAs(engine.shard(0));
        assertThat(onShard(semaphore::available)).isEqualTo(1);
    }

    @Test
    void aHoldIsGivenBackOnce() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(2);
            Hold hold;
            try (Hold held = semaphore.hold(2).join()) {
                hold = held;
                assertThat(semaphore.available()).isZero();
            }
            assertThat(semaphore.available()).isEqualTo(2);
            assertThatIllegalStateException().isThrownBy(hold::close)
                    .withMessage("given back already; close a hold once");
        });
    }

    @Test
    void aHoldIsGivenBackOnItsShardEvenAfterAnAttemptElsewhere() {
        Semaphore semaphore = onShard(() -> new Semaphore(1));
        Hold hold = onShard(() -> semaphore.hold(1).join());
        assertBelongsToItsShard("a semaphore", hold::close);
        onShard(hold::close);
        assertThat(onShard(semaphore::available)).isEqualTo(1);
    }

    @Test
    void whatIsCancelledTakesNoPermits() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(1);
            semaphore.acquire();
            ShardFuture<Void> acquire = semaphore.acquire();
            ShardFuture<Hold> hold = semaphore.hold(1);
            ShardFuture<Void> with = semaphore.with(1, () -> {
                throw new AssertionError("must not begin");
            });
            ShardFuture<Void> last = semaphore.acquire();
            List.of(acquire, hold, with).forEach(future -> future.cancel(false));
            semaphore.release();
            assertThat(succeeded(last)).isTrue();
            semaphore.release();
            assertThat(semaphore.available()).isEqualTo(1);
        });
    }

    @Test
    void aHundredThousandThatWakeEachOtherNeedNoStack() {
        int waiters = 100_000;
        int woken = onShard(() -> {
            Semaphore semaphore = new Semaphore(0, 1);
            int[] count = {0};
            for (int i = 0; i < waiters; i++) {
                int number = i;
                semaphore.acquire().thenRun(() -> {
                    assertThat(count[0]++).isEqualTo(number);
                    semaphore.release();
                });
            }
            semaphore.release();
            assertThat(semaphore.available()).isEqualTo(1);
            return count[0];
        });
        assertThat(woken).isEqualTo(waiters);
    }

    @Test
    void aCallbackMayUseTheSemaphoreAgain() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(0, 3);
            AbortSource abort = new AbortSource();
            List<String> order = new ArrayList<>();
            ShardFuture<Void> first = semaphore.acquire();
            ShardFuture<Void> second = semaphore.acquire(1, Patience.until(abort));
            ShardFuture<Void> third = semaphore.acquire(3, Patience.until(abort));
            first.thenRun(() -> {
                order.add("first");
                abort.abort();
                semaphore.acquire().thenRun(() -> order.add("from within"));
                semaphore.release(1);
            });
            second.whenComplete((nothing, failure) -> order.add(failure == null ? "second" : "second aborted"));
            third.whenComplete((nothing, failure) -> order.add(failure == null ? "third" : "third aborted"));
            semaphore.release(2);
            assertThat(order).as("the second had its permit before the abort").containsExactly("first", "second",
                    "third aborted", "from within");
            assertThat(semaphore.available()).isZero();
            assertThat(semaphore.waiting()).isZero();
        });
    }

    /** Random calls against a model that is too simple to be wrong. */
    @RepeatedTest(20)
    void doesWhatANaiveModelDoes(RepetitionInfo repetition) {
        onShard(() -> {
            Random random = new Random(repetition.getCurrentRepetition());
            int maximum = 1 + random.nextInt(8);
            Semaphore semaphore = new Semaphore(maximum);
            Model model = new Model(maximum);
            List<Integer> granted = new ArrayList<>();
            List<Call> calls = new ArrayList<>();
            for (int step = 0; step < 2_000; step++) {
                int dice = random.nextInt(10);
                if (dice < 5) {
                    Call call = new Call(calls.size(), random.nextInt(maximum + 1), random.nextInt(4) == 0);
                    calls.add(call);
                    call.future = semaphore.acquire(call.permits, Patience.until(call.abort));
                    call.future.thenRun(() -> {
                        granted.add(call.number);
                        if (call.releasesAtOnce) {
                            semaphore.release(call.permits);
                        }
                    });
                    model.acquire(call);
                } else if (dice < 6) {
                    int permits = random.nextInt(maximum + 1);
                    assertThat(semaphore.tryAcquire(permits)).isEqualTo(model.tryAcquire(permits));
                } else if (dice < 9) {
                    int permits = random.nextInt(maximum - model.available + 1);
                    model.release(permits);
                    semaphore.release(permits);
                } else if (!calls.isEmpty()) {
                    Call call = calls.get(random.nextInt(calls.size()));
                    call.abort.abort();
                    model.abort(call);
                }
                assertThat(granted).isEqualTo(model.granted);
                assertThat(semaphore.available()).isEqualTo(model.available);
                assertThat(semaphore.waiting()).isEqualTo(model.waiting.size());
            }
            assertThat(calls)
                    .allSatisfy(call -> assertThat(pending(call.future)).isEqualTo(model.waiting.contains(call)));
        });
    }

    private static final class Call {
        final int number;
        final int permits;
        final boolean releasesAtOnce;
        final AbortSource abort = new AbortSource();
        ShardFuture<Void> future;

        Call(int number, int permits, boolean releasesAtOnce) {
            this.number = number;
            this.permits = permits;
            this.releasesAtOnce = releasesAtOnce;
        }
    }

    private static final class Model {
        int available;
        final Deque<Call> waiting = new ArrayDeque<>();
        final List<Integer> granted = new ArrayList<>();

        Model(int available) {
            this.available = available;
        }

        void acquire(Call call) {
            waiting.add(call);
            serve();
        }

        boolean tryAcquire(int permits) {
            boolean can = waiting.isEmpty() && permits <= available;
            available -= can ? permits : 0;
            return can;
        }

        void release(int permits) {
            available += permits;
            serve();
        }

        void abort(Call call) {
            waiting.remove(call);
            serve();
        }

        private void serve() {
            while (!waiting.isEmpty() && waiting.peek().permits <= available) {
                Call call = waiting.poll();
                granted.add(call.number);
                available -= call.releasesAtOnce ? 0 : call.permits;
            }
        }
    }
}
