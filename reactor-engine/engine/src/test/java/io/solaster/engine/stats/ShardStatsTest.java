package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

class ShardStatsTest {
    private static final long SECOND = 1_000_000_000;
    private final ShardStats stats = new ShardStats();
    private long now = 5 * SECOND;

    @Test
    void partsTimeIntoBusyAndIdle() {
        begin();
        stats.turned(now += 100, true);
        stats.sleeps(now);
        stats.woke(now += 1_000);
        stats.turned(now += 30, false);
        stats.turned(now += 200, true);
        assertThat(stats.busyNanos.get()).isEqualTo(300);
        assertThat(stats.idleNanos.get()).isEqualTo(1_030);
        assertThat(stats.turns.get()).isEqualTo(3);
        assertThat(stats.turnNanos.snapshot().count()).isEqualTo(2);
        assertThat(stats.turnNanos.snapshot().max()).isEqualTo(200);
    }

    @Test
    void tasksTimedTogetherCountAsEquallyLong() {
        stats.ran(1, 700);
        stats.ran(4, 400);
        assertThat(stats.tasks.get()).isEqualTo(5);
        assertThat(stats.taskNanos.snapshot().count()).isEqualTo(5);
        assertThat(stats.taskNanos.snapshot().percentile(50)).isBetween(100L, 112L);
        assertThat(stats.taskNanos.snapshot().max()).isEqualTo(700);
    }

    @Test
    void utilizationIsOfTheLastSecond() {
        begin();
        Utilization utilization = new Utilization(stats, () -> now);
        assertThat(utilization.get()).isZero();
        stats.turned(now += SECOND / 4, true);
        stats.sleeps(now);
        stats.woke(now += SECOND * 3 / 4);
        assertThat(utilization.get()).isCloseTo(0.25, within(0.001));
        stats.turned(now += SECOND / 2, true);
        assertThat(utilization.get()).as("read too soon").isCloseTo(0.25, within(0.001));
        stats.turned(now += SECOND / 2, true);
        assertThat(utilization.get()).isCloseTo(1, within(0.001));
    }

    @Test
    void aShardThatHangsIsBusyAndOneThatSleepsIsNot() {
        begin();
        Utilization utilization = new Utilization(stats, () -> now);
        now += 10 * SECOND;
        assertThat(utilization.get()).isEqualTo(1);
        stats.turned(now, true);
        stats.sleeps(now);
        now += 10 * SECOND;
        assertThat(utilization.get()).isZero();
        stats.woke(now);
        now += 2 * SECOND;
        assertThat(utilization.get()).isEqualTo(1);
    }

    @Test
    void aGroupRunsStarvesOrWaits() {
        GroupStats group = new GroupStats(3, "background", () -> 50, 1_000);
        group.activated(1_400);
        group.started(1_500);
        assertThat(group.stopped(1_530, 7)).isEqualTo(30);
        group.started(1_600);
        group.stopped(1_605, 1);
        group.activated(2_000);
        assertThat(group.runtimeNanos.get()).isEqualTo(35);
        assertThat(group.starveNanos.get()).isEqualTo(100 + 70);
        assertThat(group.waitNanos.get()).isEqualTo(400 + 395);
        assertThat(group.tasks.get()).isEqualTo(8);
        assertThat(group.shares()).isEqualTo(50);
    }

    @Test
    void tellsOfGroupsBeforeAndAfter() {
        List<String> told = new ArrayList<>();
        stats.addGroup(0, "critical", () -> 1, 0);
        stats.onGroup(group -> told.add(group.name()));
        stats.addGroup(7, "reports", () -> 1, 0);
        assertThat(told).containsExactly("critical", "reports");
        assertThat(stats.groups()).extracting(GroupStats::id).containsExactly(0, 7);
        assertThat(stats.groupName()).isNull();
        stats.heartbeat.group(7);
        assertThat(stats.groupName()).isEqualTo("reports");
    }

    private void begin() {
        stats.begins(0, now);
    }
}
