package io.solaster.engine.timer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.api.Test;

class TimersTest {
    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final ManualClock clock = new ManualClock();
    private final Deque<Timer> queue = new ArrayDeque<>();
    private final Timers timers = new Timers(clock, groups::byDefault, queue::add);
    private final List<Long> fired = new ArrayList<>();

    private void fire() {
        fired.add(clock.nanoTime());
    }

    private void expire() {
        while (timers.expire(clock.nanoTime(), 16)) {
            assertThat(queue).hasSizeLessThan(1_000);
        }
    }

    private void turn(Duration later) {
        clock.advance(later);
        expire();
        for (int left = queue.size(); left > 0; left--) {
            queue.remove().run();
        }
    }

    private static Duration millis(long millis) {
        return Duration.ofMillis(millis);
    }

    @Test
    void whatWaitsInTheQueueOfItsOldGroupDoesNotFireIt() {
        SchedulingGroup[] current = {groups.background()};
        List<Timer> queued = new ArrayList<>();
        List<String> fired = new ArrayList<>();
        Timers grouped = new Timers(clock, () -> current[0], queued::add);
        Timer timer = grouped.timer(() -> fired.add(current[0].name()));
        for (SchedulingGroup group : List.of(groups.background(), groups.critical())) {
            current[0] = group;
            timer.arm(Duration.ofMillis(1));
            clock.advance(Duration.ofMillis(2));
            grouped.expire(clock.nanoTime(), 16);
        }
        assertThat(queued).hasSize(2);
        current[0] = groups.background();
        queued.get(0).run();
        assertThat(fired).isEmpty();
        current[0] = groups.critical();
        queued.get(1).run();
        assertThat(fired).containsExactly("critical");
    }

    @Test
    void whatWasCancelledIsNotDropped() {
        List<Timer> both = new ArrayList<>();
        List<Timer> abandoned = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(new Timer(timers) {
                @Override
                protected void fire() {
                    throw new AssertionError("an hour is not over");
                }

                @Override
                protected void abandoned() {
                    abandoned.add(this);
                    both.forEach(Timer::cancel);
                }
            });
        }
        both.forEach(timer -> timer.arm(Duration.ofHours(1)));
        timers.cancelAll();
        assertThat(abandoned).hasSize(1);
        assertThat(timers.isEmpty()).isTrue();
    }

    @Test
    void neverEarlyAndLateByATickAtMost() {
        Timer timer = timers.timer(this::fire);
        timer.arm(Duration.ofNanos(5_000));
        for (int i = 0; i < 4_999; i++) {
            turn(Duration.ofNanos(1));
        }
        assertThat(fired).isEmpty();
        for (int i = 0; i < 1_024; i++) {
            turn(Duration.ofNanos(1));
        }
        assertThat(fired).hasSize(1);
        assertThat(timer.isArmed()).isFalse();
        assertThat(timers.stats().lateness.get()).isBetween(0L, 1_023L);
    }

    @Test
    void coarseTimersShareAWakeUpAndCountFromTheTurn() {
        for (int i = 0; i < 100; i++) {
            clock.advance(Duration.ofNanos(10_000));
            timers.coarseTimer(this::fire).arm(millis(10).plusNanos(i));
        }
        turn(Duration.ofNanos((10 << 20) - 1 - clock.nanoTime()));
        assertThat(fired).isEmpty();
        assertThat(timers.delayNanos(clock.nanoTime())).isEqualTo(1);
        turn(Duration.ofNanos(1));
        assertThat(fired).hasSize(100);
    }

    @Test
    void zeroAndLessIsDueInTheNextTurn() {
        turn(Duration.ofNanos(777));
        timers.timer(this::fire).arm(0);
        timers.timer(this::fire).arm(-5);
        timers.timer(this::fire).arm(Duration.ofSeconds(-5));
        timers.timer(this::fire).arm(Long.MIN_VALUE);
        timers.coarseTimer(this::fire).arm(0);
        assertThat(timers.delayNanos(clock.nanoTime())).isZero();
        turn(Duration.ZERO);
        assertThat(fired).hasSize(5);
    }

    @Test
    void aTimerThatComesBackAtOnceWaitsForTheNextTurn() {
        Timers inline = new Timers(clock, groups::byDefault, Timer::run);
        Timer[] timer = new Timer[1];
        timer[0] = inline.timer(() -> {
            fire();
            timer[0].arm(0);
        });
        timer[0].arm(0);
        assertThat(inline.expire(clock.nanoTime(), 1_000)).isTrue();
        assertThat(fired).hasSize(1);
    }

    @Test
    void whatIsFarAwayIsNeverDueAndWakesNobody() {
        clock.advance(Duration.ofDays(36_500));
        Timer never = timers.timer(this::fire);
        Timer atTheEnd = timers.coarseTimer(this::fire);
        never.arm(Long.MAX_VALUE);
        atTheEnd.arm(Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(timers.delayNanos(clock.nanoTime())).isGreaterThan(Duration.ofDays(50_000).toNanos());
        turn(Duration.ofDays(50_000));
        assertThat(fired).isEmpty();
        assertThat(never.cancel()).isTrue();
        assertThat(atTheEnd.cancel()).isTrue();
        assertThat(timers.isEmpty()).isTrue();
    }

    @Test
    void aClockNearItsEndOverflowsNowhere() {
        long end = Long.MAX_VALUE - 1_000_000;
        Timers late = new Timers(() -> end, groups::byDefault, queue::add);
        late.timer(this::fire).arm(Duration.ofDays(1));
        assertThat(late.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE - 1);
        assertThat(late.delayNanos(end)).isBetween(86_400_000_000_000L, 86_400_000_001_024L);
    }

    @Test
    void aTimerFiresInTheGroupThatArmedIt() {
        SchedulingGroup[] current = {groups.byDefault()};
        Timers grouped = new Timers(clock, () -> current[0], queue::add);
        Timer timer = grouped.timer(this::fire);
        current[0] = groups.background();
        timer.arm(1);
        current[0] = groups.critical();
        assertThat(timer.group()).isSameAs(groups.background());
        timer.armAtFixedRate(millis(1), millis(1));
        current[0] = groups.byDefault();
        assertThat(timer.group()).isSameAs(groups.critical());
    }

    @Test
    void cancelHoldsInEveryState() {
        Timer timer = timers.timer(this::fire);
        assertThat(timer.cancel()).as("never armed").isFalse();
        timer.arm(millis(1));
        assertThat(timer.cancel()).as("armed").isTrue();
        assertThat(timer.cancel()).as("cancelled").isFalse();
        turn(millis(2));
        assertThat(fired).isEmpty();

        timer.arm(millis(1));
        clock.advance(millis(2));
        expire();
        assertThat(queue).hasSize(1);
        assertThat(timer.isArmed()).as("in its group's queue").isTrue();
        assertThat(timer.cancel()).as("in its group's queue").isTrue();
        turn(Duration.ZERO);
        assertThat(fired).isEmpty();

        timer.arm(millis(1));
        turn(millis(2));
        assertThat(fired).hasSize(1);
        assertThat(timer.cancel()).as("fired").isFalse();
        assertThat(timers.stats().cancelled.get()).isEqualTo(2);
    }

    @Test
    void armedAnewInTheQueueItFiresOnceAtTheNewDeadline() {
        Timer timer = timers.timer(this::fire);
        timer.arm(millis(1));
        clock.advance(millis(2));
        expire();
        timer.arm(millis(10));
        turn(Duration.ZERO);
        assertThat(fired).isEmpty();
        turn(millis(11));
        turn(millis(11));
        assertThat(fired).hasSize(1);
    }

    @Test
    void dueTwiceBeforeItsGroupHasATurnItIsQueuedOnce() {
        Timer timer = timers.timer(this::fire);
        for (int i = 0; i < 10; i++) {
            timer.arm(millis(1));
            clock.advance(millis(2));
            expire();
        }
        assertThat(queue).hasSize(1);
        turn(Duration.ZERO);
        assertThat(fired).hasSize(1);
    }

    @Test
    void armedEarlierOrLaterOnlyTheLastDeadlineCounts() {
        Timer timer = timers.timer(this::fire);
        timer.arm(millis(50));
        timer.arm(millis(10));
        timer.arm(millis(30));
        turn(millis(29));
        assertThat(fired).isEmpty();
        turn(millis(2));
        assertThat(fired).hasSize(1);
        turn(millis(100));
        assertThat(fired).hasSize(1);
        assertThat(timers.stats().rearmed.get()).isEqualTo(2);
    }

    @Test
    void whatIsCancelledIsForgottenByTheEndOfTheTurn() {
        for (int i = 0; i < 1_000; i++) {
            Timer timer = timers.timer(this::fire);
            timer.arm(millis(1_000 + i));
            timer.cancel();
        }
        assertThat(timers.isEmpty()).isTrue();
        assertThat(timers.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void atAFixedRateWhatWasMissedIsLeftOutAndThePhaseIsKept() {
        Timer timer = timers.timer(this::fire);
        timer.armAtFixedRate(millis(5), millis(10));
        turn(millis(5).plusNanos(1_024));
        assertThat(fired).hasSize(1);
        turn(millis(1_000));
        turn(Duration.ZERO);
        assertThat(fired).hasSize(2);
        assertThat(timers.stats().missedPeriods.get()).isEqualTo(99);
        turn(millis(10));
        assertThat(fired).hasSize(3);
        assertThat(timers.nextDeadlineNanos()).isBetween(1_025_000_000L, 1_025_001_024L);
        assertThat(timer.isArmed()).isTrue();
        assertThat(timer.cancel()).isTrue();
        turn(millis(100));
        assertThat(fired).hasSize(3);
    }

    @Test
    void withAFixedDelayTheNextCountsFromTheEnd() {
        Timer timer = timers.timer(() -> {
            fire();
            clock.advance(millis(7));
        });
        timer.armWithFixedDelay(Duration.ZERO, millis(10));
        turn(Duration.ZERO);
        turn(millis(9));
        assertThat(fired).hasSize(1);
        turn(millis(2));
        assertThat(fired).hasSize(2);
    }

    @Test
    void aPeriodicTimerCanEndOrChangeItselfWhileItFires() {
        Timer[] timer = new Timer[1];
        timer[0] = timers.timer(() -> {
            fire();
            assertThat(timer[0].isArmed()).isTrue();
            assertThat(timer[0].cancel()).isTrue();
            if (fired.size() == 1) {
                timer[0].arm(millis(50));
                timer[0].armAtFixedRate(millis(30), millis(1));
            }
        });
        timer[0].armAtFixedRate(millis(1), millis(1));
        turn(millis(2));
        turn(millis(20));
        assertThat(fired).hasSize(1);
        turn(millis(20));
        turn(millis(20));
        assertThat(fired).hasSize(2);
        assertThat(timer[0].isArmed()).isFalse();
    }

    @Test
    void whatATimerThrowsStopsNeitherOthersNorItself() {
        Timer failing = timers.timer(() -> {
            fire();
            throw new AssertionError("thrown by the test");
        });
        failing.armAtFixedRate(millis(1), millis(1));
        timers.timer(this::fire).arm(millis(1));
        turn(millis(1).plusNanos(1_024));
        assertThat(fired).hasSize(2);
        turn(millis(1));
        assertThat(fired).hasSize(3);
        assertThat(timers.stats().failed.get()).isEqualTo(2);
    }

    @Test
    void aQueueThatRefusesATimerLosesThatTimeOnly() {
        losesThatTimeOnly(new RejectedExecutionException("thrown by the test"));
    }

    @Test
    void aQueueThatHasNoMemoryForATimerLosesThatTimeOnly() {
        losesThatTimeOnly(new OutOfMemoryError("thrown by the test"));
    }

    private void losesThatTimeOnly(Throwable refusal) {
        boolean[] full = {true};
        Timers refused = new Timers(clock, groups::byDefault, timer -> {
            if (full[0]) {
                throw sneaky(refusal);
            }
            timer.run();
        });
        Timer periodic = refused.timer(this::fire);
        periodic.armWithFixedDelay(millis(1), millis(1));
        Timer once = refused.timer(this::fire);
        once.arm(millis(1));
        clock.advance(millis(2));
        refused.expire(clock.nanoTime(), 100);
        assertThat(once.isArmed()).isFalse();
        assertThat(periodic.isArmed()).isTrue();
        full[0] = false;
        clock.advance(millis(2));
        refused.expire(clock.nanoTime(), 100);
        assertThat(fired).hasSize(1);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> RuntimeException sneaky(Throwable failure) throws E {
        throw (E) failure;
    }

    @Test
    void periodsAreChecked() {
        Timer timer = timers.timer(this::fire);
        assertThatThrownBy(() -> timer.armAtFixedRate(Duration.ZERO, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("period: PT0S; give more than 0");
        assertThatThrownBy(() -> timer.armWithFixedDelay(Duration.ZERO, millis(-1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("delay: PT-0.001S; give more than 0");
        assertThat(timer.isArmed()).isFalse();
    }

    /** A million that are due at once, and a million that move at once: never more than the limit in one call. */
    @Test
    void aMillionTimersAreHandedOverInBoundedSteps() {
        int million = 1_000_000;
        int limit = 512;
        int[] handed = new int[1];
        Timers many = new Timers(clock, groups::byDefault, timer -> handed[0]++);
        Timer[] all = new Timer[million];
        Random random = new Random(1);
        for (int i = 0; i < million; i++) {
            all[i] = many.timer(this::fire);
            all[i].arm(3_600_000_000_000L + random.nextInt(60_000_000));
        }
        for (int i = 0; i < million; i += 2) {
            assertThat(all[i].cancel()).isTrue();
        }
        assertThat(many.stats().pending.get()).isEqualTo(million / 2);

        clock.advance(Duration.ofHours(2));
        boolean more = true;
        while (more) {
            int before = handed[0];
            long moved = many.stats().cascaded.get();
            more = many.expire(clock.nanoTime(), limit);
            assertThat(handed[0] - before + many.stats().cascaded.get() - moved).isLessThanOrEqualTo(limit);
        }
        assertThat(handed[0]).isEqualTo(million / 2);
        assertThat(many.isEmpty()).isTrue();
        assertThat(many.stats().cascaded.get()).isLessThan(9L * million / 2);
    }

    /** However many share a far deadline, a sleeping shard is woken a few times on the way. */
    @Test
    void aFarDeadlineTakesFewWakeUps() {
        for (int i = 0; i < 1_000; i++) {
            timers.timer(this::fire).arm(Duration.ofDays(30));
        }
        int wakeUps = 0;
        while (fired.isEmpty()) {
            wakeUps++;
            turn(Duration.ofNanos(timers.delayNanos(clock.nanoTime())));
        }
        assertThat(fired).hasSize(1_000);
        assertThat(wakeUps).isLessThanOrEqualTo(9);

        timers.timer(this::fire).arm(Duration.ofDays(30));
        turn(Duration.ofNanos(timers.delayNanos(clock.nanoTime())));
        assertThat(fired).as("alone, one wake-up does").hasSize(1_001);
    }

    @Test
    void allAreCancelledAtTheEnd() {
        List<Timer> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Timer timer = timers.timer(this::fire);
            timer.arm(1L << i % 60);
            all.add(timer);
        }
        timers.cancelAll();
        assertThat(all).noneMatch(Timer::isArmed);
        assertThat(timers.isEmpty()).isTrue();
        all.getFirst().arm(1);
        turn(Duration.ofDays(10_000));
        assertThat(fired).hasSize(1);
    }

    @Test
    void countsAreKept() {
        Timer timer = timers.timer(this::fire);
        timer.arm(1);
        timer.arm(1);
        assertThat(timers.stats().pending.get()).isEqualTo(1);
        turn(millis(1));
        timer.arm(1);
        timer.cancel();
        assertThat(timers.stats().armed.get()).isEqualTo(3);
        assertThat(timers.stats().rearmed.get()).isEqualTo(1);
        assertThat(timers.stats().expired.get()).isEqualTo(1);
        assertThat(timers.stats().cancelled.get()).isEqualTo(1);
        assertThat(timers.stats().pending.get()).isZero();
    }

    @Test
    void aManualClockTellsWhoListensAndGoesForwardOnly() {
        int[] told = new int[1];
        Runnable listener = () -> told[0]++;
        clock.onAdvance(listener);
        clock.advance(millis(1));
        assertThat(told[0]).isEqualTo(1);
        assertThat(clock.nanoTime()).isEqualTo(1_000_000);
        clock.forget(listener);
        clock.advance(millis(1));
        assertThat(told[0]).isEqualTo(1);
        assertThatThrownBy(() -> clock.advance(millis(-1))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("advance by PT-0.001S; a clock goes forward only");
    }
}
