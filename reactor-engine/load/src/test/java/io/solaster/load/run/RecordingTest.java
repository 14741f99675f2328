package io.solaster.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

class RecordingTest {

    @Test
    void recordingALatencyAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Interval interval = new Interval();
        SplittableRandom random = new SplittableRandom(1);
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                long nanos = random.nextLong(-1000, 10_000_000_000_000L);
                interval.answered(nanos);
                interval.sent(nanos / 1000);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // Not per request: the JVM may do something of its own meanwhile.
        assertThat(least).isLessThan(10_000);
        assertThat(interval.latency.getTotalCount()).isEqualTo(500_000);
        assertThat(interval.latency.getMaxValue()).isGreaterThan(Interval.HIGHEST * 999 / 1000);
    }

    @Test
    void kindsOfErrorsAreFew() {
        Interval interval = new Interval();
        for (int i = 0; i < 1000; i++) {
            interval.error("kind " + i);
        }
        assertThat(interval.errors).hasSizeLessThan(70).containsEntry("other", 936L);
    }

    @Test
    void requestsThatWaitKeepTheirOrder() {
        Waiting waiting = new Waiting();
        long next = 0;
        for (int i = 0; i < 1000; i++) {
            waiting.add(2 * i, 4 * i, 2 * i);
            waiting.add(2 * i + 1, 4 * i + 2, 2 * i + 1);
            assertThat(waiting.firstDue()).isEqualTo(next);
            assertThat(waiting.firstLate()).isEqualTo(2 * next);
            assertThat(waiting.firstTag()).isEqualTo((int) next++);
            waiting.removeFirst();
        }
        assertThat(waiting.size()).isEqualTo(1000);
    }

    @Test
    void whatIsDueLaterComesInTheOrderOfItsTime() {
        Later later = new Later();
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 1000; i++) {
            long due = random.nextLong(1_000_000);
            later.add(due, (int) due);
        }
        long last = -1;
        for (int i = 0; i < 1000; i++) {
            assertThat(later.nextDue()).isGreaterThanOrEqualTo(last).isEqualTo(later.nextTag());
            last = later.nextDue();
            later.removeNext();
        }
        assertThat(later.nextDue()).isEqualTo(Long.MAX_VALUE);
    }
}
