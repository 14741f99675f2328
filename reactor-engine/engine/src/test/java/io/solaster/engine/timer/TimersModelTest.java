package io.solaster.engine.timer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The wheel beside an array that is searched, over minutes to centuries. */
class TimersModelTest {
    private static final int TIMERS = 200;
    private static final long TICK = 1 << 10;
    private static final long COARSE = 1 << 20;
    private static final long NEVER = -1;

    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final ManualClock clock = new ManualClock();
    private final Deque<Timer> queue = new ArrayDeque<>();
    private final Timers timers = new Timers(clock, groups::byDefault, queue::add);
    private final Timer[] handles = new Timer[TIMERS];
    private final long[] deadlines = new long[TIMERS];
    private final List<Integer> fired = new ArrayList<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyTimerFiresOnceAtItsTickAndInOrder(long seed) {
        Random random = new Random(seed);
        Arrays.fill(deadlines, NEVER);
        for (int i = 0; i < TIMERS; i++) {
            int number = i;
            Runnable action = () -> fired.add(number);
            handles[i] = coarse(i) ? timers.coarseTimer(action) : timers.timer(action);
        }
        for (int step = 0; step < 20_000; step++) {
            String where = "seed " + seed + ", step " + step;
            int number = random.nextInt(TIMERS);
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> arm(number, upTo(random, 58));
                case 3 -> arm(number, random.nextInt(100) - 50);
                case 4, 5 -> {
                    assertThat(handles[number].cancel()).as(where).isEqualTo(deadlines[number] != NEVER);
                    deadlines[number] = NEVER;
                }
                case 6 -> turn(random, upTo(random, random.nextInt(20) == 0 ? 54 : 36), where);
                default -> toTheNextDeadline(random, where);
            }
            assertThat(handles[number].isArmed()).as(where).isEqualTo(deadlines[number] != NEVER);
        }
        assertThat(timers.stats().pending.get())
                .isEqualTo(Arrays.stream(deadlines).filter(deadline -> deadline != NEVER).count());
        timers.cancelAll();
        assertThat(timers.isEmpty()).isTrue();
        assertThat(timers.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    /** Delays of all sizes alike, small ones and huge ones. */
    private static long upTo(Random random, int bits) {
        return random.nextLong() >>> 64 - 1 - random.nextInt(bits);
    }

    private static boolean coarse(int number) {
        return number % 3 == 0;
    }

    private void arm(int number, long delay) {
        handles[number].arm(delay);
        long now = coarse(number) ? timers.now() : clock.nanoTime();
        long grain = coarse(number) ? COARSE : TICK;
        long exact = delay <= 0 ? timers.now() / grain * grain : now + delay;
        deadlines[number] = (exact + grain - 1) / grain * grain;
    }

    private void turn(Random random, long nanos, String where) {
        clock.advance(Duration.ofNanos(nanos));
        int limit = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(20);
        int calls = 0;
        while (timers.expire(clock.nanoTime(), limit)) {
            assertThat(++calls).as(where).isLessThan(9 * TIMERS);
        }
        while (!queue.isEmpty()) {
            queue.poll().run();
        }
        check(where);
    }

    /** Which takes a few wake-ups at most. */
    private void toTheNextDeadline(Random random, String where) {
        long first = Arrays.stream(deadlines).filter(deadline -> deadline != NEVER).min().orElse(NEVER);
        if (first == NEVER) {
            assertThat(timers.nextDeadlineNanos()).as(where).isEqualTo(Long.MAX_VALUE);
            return;
        }
        for (int wakeUps = 0; clock.nanoTime() < first; wakeUps++) {
            assertThat(wakeUps).as(where).isLessThan(TIMERS);
            long next = timers.nextDeadlineNanos();
            assertThat(next).as(where).isLessThanOrEqualTo(first);
            assertThat(timers.delayNanos(clock.nanoTime())).isEqualTo(Math.max(0, next - clock.nanoTime()));
            turn(random, Math.max(0, next - clock.nanoTime()), where);
        }
    }

    private void check(String where) {
        long now = clock.nanoTime();
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < TIMERS; i++) {
            if (deadlines[i] != NEVER && deadlines[i] <= now) {
                expected.add(i);
            }
        }
        assertThat(fired).as(where).containsExactlyInAnyOrderElementsOf(expected);
        // Those armed for a moment that was over go in the order in which they were armed.
        long last = Long.MIN_VALUE;
        for (int number : fired) {
            if (deadlines[number] > before) {
                assertThat(deadlines[number]).as(where).isGreaterThanOrEqualTo(last);
                last = deadlines[number];
            }
        }
        fired.forEach(number -> deadlines[number] = NEVER);
        fired.clear();
        before = now;
    }

    private long before;
}
