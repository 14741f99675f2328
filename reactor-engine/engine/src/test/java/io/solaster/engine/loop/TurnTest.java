package io.solaster.engine.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.Timers;
import org.junit.jupiter.api.Test;

/** A shard's turn without sockets and threads, by a clock that the test moves. */
class TurnTest {
    private static final Duration SOON = Duration.ofMillis(5);

    /** The machine's, but for its clock. */
    private static final class ByClock extends ForwardingEnvironment {
        private final TimeSource clock;

        ByClock(TimeSource clock) {
            super(Environment.SYSTEM);
            this.clock = clock;
        }

        @Override
        public TimeSource clock() {
            return clock;
        }
    }

    private final ManualClock clock = new ManualClock();
    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final ShardStats stats = new ShardStats();
    private final GroupScheduler scheduler = new GroupScheduler(groups, 0, Duration.ofMillis(1), clock::nanoTime, stats,
            null);
    private final Timers timers = new Timers(clock, scheduler::current,
            timer -> scheduler.execute(timer.group(), timer));
    private final Parking parking = new Parking();
    private final Deque<Runnable> inbox = new ArrayDeque<>();
    private final List<String> ran = new ArrayList<>();
    private int looks;
    /** The look at the inbox, counted from 1, before which another thread hands something over; 0 for none. */
    private int handsOverBeforeLook;
    private final Turn turn = new Turn(new Turn.Driver() {
        @Override
        public Runnable nextOfInbox() {
            return inbox.poll();
        }

        @Override
        public boolean hasInbox() {
            if (++looks == handsOverBeforeLook) {
                inbox.add(() -> ran.add("late"));
            }
            return !inbox.isEmpty();
        }

        @Override
        public void afterGroups() {
            ran.add("end");
        }
    }, groups, scheduler, timers, parking, stats, new ByClock(clock));

    @Test
    void runsTheInboxThenTimersInTheTurnThatFindsThem() {
        timers.timer(() -> ran.add("timer")).arm(SOON);
        clock.advance(SOON.multipliedBy(2));
        inbox.add(() -> ran.add("inbox"));
        assertThat(turn()).isTrue();
        assertThat(ran).containsExactly("inbox", "timer", "end");
        assertThat(turn()).isFalse();
    }

    @Test
    void sleepsUntilATimerIsDueWhereNothingIsLeft() {
        timers.timer(() -> ran.add("timer")).arm(SOON);
        turn();
        assertThat(turn.mayPark()).isTrue();
        assertThat(parking.isParked()).isTrue();
        assertThat(turn.delayNanos(clock.nanoTime())).isBetween(SOON.toNanos(), SOON.toNanos() + 1024);
        clock.advance(SOON.plusNanos(1024));
        assertThat(turn()).isTrue();
        assertThat(parking.isParked()).isFalse();
        assertThat(ran).contains("timer");
    }

    @Test
    void staysAwakeForWhatCameWhileItWentToSleep() {
        turn();
        handsOverBeforeLook = looks + 2;
        assertThat(turn.mayPark()).isFalse();
        assertThat(parking.isParked()).isFalse();
        turn();
        assertThat(ran).contains("late");
    }

    @Test
    void oneOfThoseWhoSendWakesIt() {
        turn();
        assertThat(turn.mayPark()).isTrue();
        assertThat(parking.claim()).isTrue();
        assertThat(parking.claim()).isFalse();
    }

    private boolean turn() {
        turn.beforeIo();
        turn.begin();
        turn.afterIo(false);
        return turn.run();
    }
}
