package io.solaster.engine.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.engine.stats.ShardStats;
import org.junit.jupiter.api.Test;

class GroupSchedulerTest {
    private static final long MICRO = 1_000;
    private static final Duration QUOTA = Duration.ofNanos(500 * MICRO);

    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final SchedulingGroup a = groups.create("a", GroupConfig.ofShares(800));
    private final SchedulingGroup b = groups.create("b", GroupConfig.ofShares(200));
    private long now = 1;
    private final GroupScheduler scheduler = new GroupScheduler(groups, 0, QUOTA, () -> now, new ShardStats(), null);
    private final long[] ran = new long[SchedulingGroups.MOST];
    private final List<String> order = new ArrayList<>();

    @Test
    void busyGroupsShareTimeInProportionToTheirShares() {
        spin(a, 100);
        spin(b, 100);
        turns(2_000);
        assertThat((double) ran[a.id()] / ran[b.id()]).isCloseTo(4, withinPercentage(3));
    }

    @Test
    void tasksOfAnyLengthGetTheSameTime() {
        b.setShares(800);
        spin(a, 3);
        spin(b, 2_000);
        turns(2_000);
        assertThat((double) ran[a.id()] / ran[b.id()]).isCloseTo(1, withinPercentage(3));
    }

    @Test
    void longEventsOfSocketsKeepToTheQuota() {
        for (int turn = 0; turn < 3; turn++) {
            scheduler.begin(now);
            int served = 0;
            while (served < 100 && scheduler.mayServe(a)) {
                now += 300 * MICRO;
                served++;
            }
            scheduler.serve();
            assertThat(served).isEqualTo(2);
        }
    }

    @Test
    void oneShareIsEnoughToGoOn() {
        b.setShares(1);
        a.setShares(1_000_000);
        spin(a, 100);
        spin(b, 100);
        turns(1);
        turns(3_000);
        assertThat(ran[b.id()]).isBetween(1L, ran[a.id()] / 500);
    }

    @Test
    void changedSharesHoldAtOnce() {
        spin(a, 100);
        spin(b, 100);
        turns(1_000);
        a.setShares(200);
        long beforeA = ran[a.id()];
        long beforeB = ran[b.id()];
        turns(1_000);
        assertThat((double) (ran[a.id()] - beforeA) / (ran[b.id()] - beforeB)).isCloseTo(1, withinPercentage(3));
    }

    @Test
    void aGroupThatSleptGetsItsShareAndNoMore() {
        spin(b, 100);
        turns(1_000);
        spin(a, 100);
        long before = ran[b.id()];
        turns(1_000);
        assertThat((double) ran[a.id()] / (ran[b.id()] - before)).isCloseTo(4, withinPercentage(3));
    }

    @Test
    void aWakingGroupRunsBeforeABusyOne() {
        spin(b, 100);
        turns(10);
        scheduler.execute(a, () -> order.add("a"));
        scheduler.begin(now);
        scheduler.run(scheduler.serve());
        scheduler.begin(now);
        scheduler.run(scheduler.serve());
        assertThat(order).containsExactly("a");
    }

    @Test
    void theLastTurnsGoOnBehindATaskThatEndsTheLoop() {
        scheduler.execute(a, () -> {
            throw new IllegalStateException() {
                @Override
                public StackTraceElement[] getStackTrace() {
                    throw new AssertionError("cannot be logged");
                }
            };
        });
        scheduler.execute(b, () -> order.add("b"));
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> turns(1)).withMessage("cannot be logged");
        scheduler.holdNobodyBack();
        turns(1);
        assertThat(order).containsExactly("b");
        assertThat(scheduler.hasTasks()).isFalse();
    }

    @Test
    void aTurnEndsWithItsQuota() {
        spin(a, 100);
        long before = now;
        turns(1);
        assertThat(now - before).isEqualTo(QUOTA.toNanos());
        assertThat(scheduler.needPreempt()).isTrue();
        scheduler.begin(now);
        assertThat(scheduler.needPreempt()).isFalse();
    }

    @Test
    void longTasksAreTimedOneByOneEvenAfterShortOnes() {
        spin(a, 0);
        for (int i = 0; i < 10_000; i++) {
            scheduler.execute(b, () -> {});
        }
        a.setShares(1);
        turns(20);
        List<Long> starts = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            scheduler.execute(b, () -> {
                starts.add(now);
                now += 400 * MICRO;
            });
        }
        long before = now;
        turns(1);
        assertThat(starts.size()).isLessThanOrEqualTo(16);
        before = now;
        turns(1);
        assertThat(now - before).isLessThanOrEqualTo(2 * QUOTA.toNanos());
    }

    @Test
    void tasksRunInOrderAndInheritTheirGroup() {
        scheduler.execute(a, () -> {
            note("a1");
            scheduler.execute(() -> note("a3"));
        });
        scheduler.execute(a, () -> note("a2"));
        scheduler.execute(() -> note("default"));
        turns(1);
        assertThat(order).containsExactlyInAnyOrder("a:a1", "a:a2", "a:a3", "default:default");
        assertThat(order.stream().filter(entry -> entry.startsWith("a")).toList()).containsExactly("a:a1", "a:a2",
                "a:a3");
        assertThat(scheduler.current()).isSameAs(groups.byDefault());
    }

    @Test
    void aTaskThatThrowsStopsNoOther() {
        scheduler.execute(a, () -> {
            throw new IllegalStateException("on purpose");
        });
        scheduler.execute(a, () -> note("next"));
        turns(1);
        assertThat(order).containsExactly("a:next");
    }

    @Test
    void aFullQueueRefuses() {
        a.update(GroupConfig.ofShares(800).withMaxQueued(2, WhenFull.REJECT));
        for (int i = 0; i < 3; i++) {
            scheduler.submit(new Task("task" + i));
        }
        assertThat(order).containsExactly("refused task2: java.util.concurrent.RejectedExecutionException:"
                + " solaster.engine.groups.a.max-queued: 2 tasks wait on shard 0 already");
        order.clear();
        turns(1);
        scheduler.submit(new Task("task3"));
        turns(1);
        assertThat(order).containsExactly("a:task0", "a:task1", "a:task3");
    }

    @Test
    void aFullQueueLetsWaitInOrder() {
        a.update(GroupConfig.ofShares(800).withMaxQueued(2, WhenFull.WAIT));
        for (int i = 0; i < 7; i++) {
            scheduler.submit(new Task("task" + i));
        }
        turns(1);
        assertThat(order).containsExactly("a:task0", "a:task1", "a:task2", "a:task3", "a:task4", "a:task5", "a:task6");
        assertThat(scheduler.wakeAt()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whoWaitsTooLongFails() {
        a.update(GroupConfig.ofShares(800).withMaxQueued(1, WhenFull.WAIT).withRateLimit(1)
                .withQueueTimeout(Duration.ofMillis(10)));
        turn();
        scheduler.submit(new Task("first"));
        turn();
        scheduler.submit(new Task("second"));
        scheduler.submit(new Task("third"));
        turn();
        assertThat(scheduler.wakeAt()).isEqualTo(now + Duration.ofMillis(10).toNanos());
        now += Duration.ofMillis(10).toNanos();
        turn();
        assertThat(order).containsExactly("a:first", "refused third: java.util.concurrent.TimeoutException:"
                + " solaster.engine.groups.a.queue-timeout: no room in the group's queue on shard 0 within PT0.01S");
    }

    @Test
    void aRateIsKept() {
        a.update(GroupConfig.ofShares(800).withRateLimit(1_000));
        int[] count = {0};
        for (int i = 0; i < 5_000; i++) {
            scheduler.execute(a, () -> count[0]++);
        }
        long start = now;
        while (now - start < 2_000_000 * MICRO) {
            turn();
            assertThat(scheduler.hasTasks()).isFalse();
            now = scheduler.wakeAt();
        }
        // One tenth of a second's worth may come at once.
        assertThat(count[0]).isBetween(2_000, 2_110);
    }

    @Test
    void aRateThatIsSetAgainBeginsAnew() {
        int[] count = {0};
        a.update(GroupConfig.ofShares(800).withRateLimit(10));
        scheduler.execute(a, () -> count[0]++);
        turn();
        a.update(GroupConfig.ofShares(800).withRateLimit(0));
        for (int i = 0; i < 100_000; i++) {
            scheduler.execute(a, () -> count[0]++);
        }
        turns(1_000);
        assertThat(count[0]).isEqualTo(100_001);
        a.update(GroupConfig.ofShares(800).withRateLimit(10));
        for (int i = 0; i < 20; i++) {
            scheduler.execute(a, () -> count[0]++);
        }
        long start = now;
        while (now - start < 1_000_000 * MICRO) {
            turn();
            now = scheduler.wakeAt();
        }
        assertThat(count[0] - 100_001).isBetween(10, 12);
    }

    @Test
    void aRateHoldsNobodyElseBack() {
        a.update(GroupConfig.ofShares(800).withRateLimit(1));
        scheduler.execute(a, () -> note("once"));
        scheduler.execute(a, () -> note("later"));
        spin(b, 100);
        turns(100);
        assertThat(order).containsExactly("a:once");
        assertThat(ran[b.id()]).isGreaterThan(90 * QUOTA.toNanos());
    }

    @Test
    void anEventIsServedAtOnceWhereNobodyWaits() {
        scheduler.begin(now);
        assertThat(scheduler.mayServe(a)).isTrue();
        assertThat(scheduler.current()).isSameAs(a);
        assertThat(scheduler.mayServe(a)).isTrue();
        scheduler.serve();
        assertThat(scheduler.current()).isSameAs(groups.byDefault());
    }

    @Test
    void anEventComesAfterWhatItsGroupHasQueued() {
        scheduler.execute(a, () -> {});
        scheduler.begin(now);
        assertThat(scheduler.mayServe(a)).isFalse();
    }

    @Test
    void anEventIsQueuedWhereItsGroupIsOverItsShare() {
        int[] atOnce = {0};
        int[] queued = {0};
        a.setShares(200);
        b.setShares(800);
        spin(b, 100);
        for (int i = 0; i < 4_000; i++) {
            scheduler.begin(now);
            Runnable event = () -> {
                ran[a.id()] += 300 * MICRO;
                now += 300 * MICRO;
            };
            if (scheduler.mayServe(a)) {
                atOnce[0]++;
                event.run();
            } else {
                queued[0]++;
                scheduler.execute(a, event);
            }
            scheduler.run(scheduler.serve());
        }
        assertThat(atOnce[0]).isPositive();
        assertThat(queued[0]).isPositive();
        assertThat((double) ran[b.id()] / ran[a.id()]).isCloseTo(4, withinPercentage(5));
    }

    @Test
    void eventsStopBeingServedAtOnceWhenTheQuotaIsUsedUp() {
        scheduler.begin(now);
        int served = 0;
        while (served < 1_000 && scheduler.mayServe(a)) {
            served++;
            now += 50 * MICRO;
        }
        assertThat(served).isBetween(10, 26);
    }

    @Test
    void eventsOfSeveralGroupsAreAllQueued() {
        scheduler.begin(now);
        assertThat(scheduler.mayServe(b)).isTrue();
        assertThat(scheduler.mayServe(a)).isFalse();
        for (int i = 0; i < 255; i++) {
            scheduler.begin(now);
            assertThat(scheduler.mayServe(a)).isFalse();
        }
        scheduler.begin(now);
        assertThat(scheduler.mayServe(a)).isTrue();
    }

    @Test
    void whatRanAtOnceCounts() {
        for (int i = 0; i < 1_000; i++) {
            scheduler.begin(now);
            if (scheduler.mayServe(a)) {
                now += 500 * MICRO;
                ran[a.id()] += 500 * MICRO;
            }
            scheduler.serve();
            if (i == 0) {
                spin(b, 500);
            }
            scheduler.run(scheduler.serve());
        }
        assertThat((double) ran[a.id()] / ran[b.id()]).isLessThan(4.2);
    }

    @Test
    void nobodyIsHeldBackAtTheEnd() {
        a.update(GroupConfig.ofShares(800).withMaxQueued(1, WhenFull.WAIT).withRateLimit(1));
        for (int i = 0; i < 5; i++) {
            scheduler.submit(new Task("task" + i));
        }
        scheduler.holdNobodyBack();
        turns(2);
        assertThat(order).hasSize(5);
    }

    @Test
    void whatIsLeftIsAbandoned() {
        a.update(GroupConfig.ofShares(800).withMaxQueued(1, WhenFull.WAIT));
        scheduler.submit(new Task("queued"));
        scheduler.submit(new Task("waiting"));
        scheduler.execute(a, () -> order.add("a plain task"));
        scheduler.abandonAll(Abandonable::abandon);
        assertThat(order).containsExactly("abandoned queued", "abandoned waiting");
        assertThat(scheduler.queued()).isZero();
    }

    @Test
    void anOrderCanBeShuffledAndKeepsThatOfPlainTasks() {
        GroupScheduler shuffled = new GroupScheduler(groups, 0, QUOTA, () -> now, new ShardStats(), 7L);
        List<Integer> plain = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int number = i;
            shuffled.execute(a, () -> plain.add(number));
            shuffled.submit(new Task(String.format("%03d", i)));
        }
        shuffled.run(now);
        assertThat(plain).hasSize(200).isSorted();
        assertThat(order).hasSize(200).doesNotHaveDuplicates().isNotEqualTo(order.stream().sorted().toList());
    }

    private void note(String what) {
        order.add(scheduler.current() + ":" + what);
    }

    /** Keeps a group busy with tasks of so many microseconds. */
    private void spin(SchedulingGroup group, long micros) {
        scheduler.execute(group, new Runnable() {
            @Override
            public void run() {
                now += micros * MICRO;
                ran[group.id()] += micros * MICRO;
                if (micros == 0) {
                    now++;
                }
                scheduler.execute(this);
            }
        });
    }

    private void turns(int count) {
        Collections.nCopies(count, 0).forEach(each -> turn());
    }

    private void turn() {
        scheduler.begin(now);
        scheduler.run(scheduler.serve());
    }

    private final class Task implements Submission {
        private final String name;

        Task(String name) {
            this.name = name;
        }

        @Override
        public SchedulingGroup group() {
            return a;
        }

        @Override
        public void run() {
            note(name);
        }

        @Override
        public void refused(Exception why) {
            assertThat(why).isInstanceOfAny(RejectedExecutionException.class, TimeoutException.class);
            order.add("refused " + name + ": " + why);
        }

        @Override
        public void abandon() {
            order.add("abandoned " + name);
        }
    }
}
