package io.solaster.load.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.load.schedule.Schedule.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScheduleTest {

    private static List<Long> times(Schedule schedule, int shard, int shards, int most) {
        Arrivals arrivals = schedule.arrivals(shard, shards, 42);
        List<Long> times = new ArrayList<>();
        for (long next = arrivals.next(); next != Arrivals.OVER && times.size() < most; next = arrivals.next()) {
            times.add(next);
        }
        return times;
    }

    @Test
    void evenGapsAreDividedAmongShardsInTurn() {
        Schedule schedule = Schedule.constant(1000);
        assertThat(times(schedule, 0, 1, 3)).containsExactly(1_000_000L, 2_000_000L, 3_000_000L);
        assertThat(times(schedule, 0, 2, 2)).containsExactly(1_000_000L, 3_000_000L);
        assertThat(times(schedule, 1, 2, 2)).containsExactly(2_000_000L, 4_000_000L);
    }

    @Test
    void aPoissonProcessKeepsTheRateOverAllShards() {
        Schedule schedule = Schedule.poisson(50_000);
        for (int shard = 0; shard < 2; shard++) {
            List<Long> times = times(schedule, shard, 2, 250_000);
            assertThat(times).isSorted();
            assertThat(times.getLast() / 1e9).isCloseTo(10, within(0.1));
        }
    }

    @Test
    void gapsAreThoseOfAPoissonProcess() {
        List<Long> times = times(Schedule.poisson(1e6), 0, 1, 100_000);
        long last = 0;
        int aboveMean = 0;
        for (long each : times) {
            aboveMean += each - last > 1000 ? 1 : 0;
            last = each;
        }
        assertThat(aboveMean / 100_000.0).isCloseTo(Math.exp(-1), within(0.01));
    }

    @Test
    void theSameSeedGivesTheSameTimes() {
        Schedule schedule = Schedule.poisson(1000);
        assertThat(times(schedule, 0, 2, 100)).isEqualTo(times(schedule, 0, 2, 100));
        assertThat(times(schedule, 0, 2, 100)).isNotEqualTo(times(schedule, 1, 2, 100));
    }

    @Test
    void stepsFollowEachOtherAndEnd() {
        Schedule schedule = Schedule.stages(List.of(new Stage(10, 10, Duration.ofSeconds(1)),
                new Stage(0.1, 0.1, Duration.ofSeconds(10)), new Stage(100, 100, Duration.ofSeconds(1))), false);
        List<Long> times = times(schedule, 0, 1, 1000);
        assertThat(times).isSorted().hasSize(111);
        assertThat(times.stream().filter(each -> each <= 1_000_000_000L)).hasSize(10);
        assertThat(times.stream().filter(each -> each > 11_000_000_000L)).hasSize(100);
        assertThat(schedule.length()).isEqualTo(Duration.ofSeconds(12));
        assertThat(schedule.perSecond(Duration.ZERO, schedule.length())).isCloseTo(111 / 12.0, within(1e-9));
        assertThat(schedule.perSecond(Duration.ofMillis(500), Duration.ofSeconds(1))).isCloseTo(5.05, within(1e-9));
        assertThat(schedule.perSecond(Duration.ofSeconds(11), Duration.ofSeconds(2))).isCloseTo(50, within(1e-9));
        assertThat(Schedule.closed().perSecond(Duration.ZERO, Duration.ofSeconds(1))).isZero();
    }

    @Test
    void aRampOffersItsIntegral() {
        Schedule schedule = Schedule.stages(List.of(new Stage(0, 100, Duration.ofSeconds(10))), false);
        List<Long> times = times(schedule, 0, 1, 1000);
        assertThat(times).isSorted().hasSize(500);
        assertThat(schedule.perSecond(Duration.ofSeconds(4), Duration.ofSeconds(2))).isCloseTo(50, within(1e-9));
        // A quarter of all in the first half.
        assertThat(times.stream().filter(each -> each <= 5_000_000_000L)).hasSize(125);
        List<Long> down = times(Schedule.stages(List.of(new Stage(100, 0, Duration.ofSeconds(10))), false), 0, 1, 1000);
        assertThat(down).isSorted().hasSizeBetween(499, 500);
        assertThat(down.stream().filter(each -> each <= 5_000_000_000L)).hasSize(375);
    }

    @Test
    void aRampWithRandomGapsDoesSoOnAverage() {
        Schedule schedule = Schedule.stages(List.of(new Stage(0, 10_000, Duration.ofSeconds(10))), true);
        assertThat(times(schedule, 0, 1, 100_000)).hasSizeBetween(48_000, 52_000);
    }

    @Test
    void fasterIsTheSameInLessTime() {
        assertThat(times(Schedule.constant(10).faster(100), 0, 1, 2)).containsExactly(1_000_000L, 2_000_000L);
    }

    @Test
    void whatWasRecordedIsReplayed(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("requests"),
                "# two of one kind\n0 GET a\n\n0.5 GET b\n0.75\n1 GET a\n");
        Replay replay = Replay.of(file);
        assertThat(replay.recorded()).containsExactly("GET a", "GET b");
        assertThat(times(replay, 0, 1, 10)).containsExactly(0L, 500_000_000L, 750_000_000L, 1_000_000_000L);
        assertThat(times(replay, 1, 3, 10)).containsExactly(500_000_000L);
        assertThat(times(replay.faster(2), 0, 1, 2)).containsExactly(0L, 250_000_000L);
        assertThat(replay.perSecond(Duration.ZERO, replay.length())).isCloseTo(4, within(1e-6));
        assertThat(replay.perSecond(Duration.ofMillis(500), Duration.ofMillis(400))).isCloseTo(5, within(1e-9));
        Arrivals arrivals = replay.arrivals(0, 1, 0);
        List<Integer> recorded = new ArrayList<>();
        while (arrivals.next() != Arrivals.OVER) {
            recorded.add(arrivals.recorded());
        }
        assertThat(recorded).containsExactly(0, 1, Arrivals.MADE_UP, 0);
        assertThat(arrivals.next()).isEqualTo(Arrivals.OVER);
    }

    @Test
    void aRecordThatIsWrongIsRefusedByItsLine(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("requests");
        Files.writeString(file, "0 GET a\nsoon GET b\n");
        assertThatThrownBy(() -> Replay.of(file)).hasMessageContaining("line 2: 'soon' is no time");
        Files.writeString(file, "1\n0.5\n");
        assertThatThrownBy(() -> Replay.of(file)).hasMessageContaining("line 2: 0.5 is before the line above");
        Files.writeString(file, "# nothing\n");
        assertThatThrownBy(() -> Replay.of(file)).hasMessageContaining("has no request");
    }
}
