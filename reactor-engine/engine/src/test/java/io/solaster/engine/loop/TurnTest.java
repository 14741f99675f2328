package io.solaster.engine.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

import io.solaster.config.GroupConfig;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.task.TurnEnd;
import io.solaster.engine.task.TurnEnds;
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
    private final TurnEnds ends = new TurnEnds(scheduler, stats, 0);
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
    }, groups, scheduler, timers, parking, ends, stats, new ByClock(clock));

    @Test
    void runsTheInboxThenTimersInTheTurnThatFindsThem() {
        timers.timer(() -> ran.add("timer")).arm(SOON);
        clock.advance(SOON.multipliedBy(2));
        inbox.add(() -> ran.add("inbox"));
        assertThat(turn()).isTrue();
        assertThat(ran).containsExactly("inbox", "timer", "end");
        assertThat(turn()).isFalse();
    }

    private TurnEnd atTurnEnd(String name, Runnable work) {
        return ends.add(name, groups.byDefault(), work, what -> {});
    }

    @Test
    void whatGathersRunsOnceAtTheEndOfATurnThatAskedForIt() {
        TurnEnd log = atTurnEnd("log", () -> ran.add("log"));
        turn();
        assertThat(ran).containsExactly("end");
        inbox.add(log::ask);
        inbox.add(log::ask);
        assertThat(turn()).isTrue();
        assertThat(ran).containsExactly("end", "end", "log");
        assertThat(turn()).isFalse();
        assertThat(log.runs()).isEqualTo(1);
        assertThat(turn.mayPark()).isTrue();
    }

    @Test
    void whatIsAskedForAtTheEndOfATurnRunsAtTheEndOfTheNextAndKeepsItAwake() {
        TurnEnd[] again = new TurnEnd[1];
        again[0] = atTurnEnd("again", () -> {
            ran.add("again");
            if (again[0].runs() < 2) {
                again[0].ask();
            }
        });
        again[0].ask();
        assertThat(turn()).isTrue();
        assertThat(ran).containsExactly("end", "again");
        assertThat(turn.mayPark()).isFalse();
        assertThat(turn()).isTrue();
        assertThat(again[0].runs()).isEqualTo(2);
        assertThat(turn.mayPark()).isTrue();
    }

    @Test
    void allTogetherHaveTheQuotaAndWhatIsLeftComesFirst() {
        TurnEnd slow = atTurnEnd("slow", () -> {
            ran.add("slow");
            clock.advance(Duration.ofMillis(2));
        });
        TurnEnd quick = atTurnEnd("quick", () -> ran.add("quick"));
        slow.ask();
        quick.ask();
        turn();
        assertThat(ran).containsExactly("end", "slow");
        assertThat(slow.overruns()).isEqualTo(1);
        assertThat(stats.turnEndOverruns.get()).isEqualTo(1);
        slow.ask();
        turn();
        assertThat(ran).containsExactly("end", "slow", "end", "quick", "slow");
        assertThat(quick.overruns()).isZero();
    }

    @Test
    void whatIsRemovedRunsNoMoreAndMakesRoom() {
        List<TurnEnd> all = new ArrayList<>();
        for (int i = 0; i < TurnEnds.MOST; i++) {
            all.add(atTurnEnd("work " + i, () -> ran.add("work")));
        }
        assertThatIllegalStateException().isThrownBy(() -> atTurnEnd("one more", () -> {}))
                .withMessageContainingAll("'one more' is one too many", "'work 0'");
        all.forEach(TurnEnd::ask);
        all.forEach(TurnEnd::close);
        turn();
        all.getFirst().ask();
        turn();
        assertThat(ran).containsOnly("end");
        TurnEnd next = atTurnEnd("next", () -> ran.add("next"));
        TurnEnd removed = atTurnEnd("removed", () -> ran.add("removed"));
        TurnEnd removing = atTurnEnd("removing", removed::close);
        removing.ask();
        removed.ask();
        next.ask();
        turn();
        turn();
        assertThat(ran).contains("next").doesNotContain("removed");
    }

    @Test
    void whatItTakesIsOnItsGroupsAccount() {
        SchedulingGroup group = groups.create("gathers", GroupConfig.ofShares(100));
        Duration took = Duration.ofNanos(100_000);
        TurnEnd log = ends.add("log", group, () -> {
            assertThat(scheduler.current()).isEqualTo(group);
            clock.advance(took);
        }, what -> {});
        log.ask();
        turn();
        log.ask();
        inbox.add(() -> scheduler.execute(group, () -> {}));
        turn();
        assertThat(stats.groups().stream().filter(each -> each.id() == group.id()).findFirst()).hasValueSatisfying(
                counted -> {
                    assertThat(counted.runtimeNanos.get()).isEqualTo(2 * took.toNanos());
                    assertThat(counted.tasks.get()).isEqualTo(3);
                });
        assertThat(scheduler.current()).isEqualTo(groups.byDefault());
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
