package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.solaster.engine.Engines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the system tells of time that a shard did not get. */
class MachineTimesTest {
    private static final long MS = 1_000_000;

    @TempDir
    Path task;
    private long now = 1_000;
    private long cpu = 100;

    @Test
    void readsTheRunDelay() throws IOException {
        write("schedstat", "79327513 291242 23\n");
        RunDelay delay = new RunDelay(task, () -> now, () -> cpu);
        assertThat(delay.getAsLong()).isEqualTo(291_242);
        write("schedstat", "79327513 300000 23\n");
        assertThat(delay.getAsLong()).isEqualTo(300_000);
    }

    @Test
    void estimatesTheRunDelayOfAThreadThatIsReadyWhereTheKernelDoesNotTell() throws IOException {
        write("stat", "12 (a) b) S 1 2 3");
        RunDelay delay = new RunDelay(task, () -> now, () -> cpu);
        now += 50 * MS;
        assertThat(delay.whileBusy()).as("asleep").isZero();
        write("stat", "12 (a) b) R 1 2 3");
        now += 50 * MS;
        assertThat(delay.getAsLong()).as("as far as is known").isZero();
        now += 50 * MS;
        cpu += 30 * MS;
        assertThat(delay.whileBusy()).as("runs for a part of the time").isEqualTo(20 * MS);
        now += 50 * MS;
        cpu += 50 * MS;
        assertThat(delay.whileBusy()).as("runs").isEqualTo(20 * MS);
    }

    @Test
    void estimatesWhatTheKernelTellsOnlyAfterwards() throws IOException {
        write("stat", "12 (a) R 1 2 3");
        write("schedstat", "1 0 1");
        RunDelay delay = new RunDelay(task, () -> now, () -> cpu);
        now += 50 * MS;
        assertThat(delay.whileBusy()).isEqualTo(50 * MS);
        now += 10 * MS;
        cpu += 5 * MS;
        write("schedstat", "1 " + 55 * MS + " 2");
        assertThat(delay.whileBusy()).as("the same wait, as it was").isEqualTo(55 * MS);
    }

    @Test
    void hasNoRunDelayWhereThereIsNoProc() {
        assertThat(new RunDelay(task.resolve("none"), () -> now, () -> cpu).getAsLong()).isZero();
    }

    @Test
    void aThreadThatHasEndedKeepsItsRunDelay() throws Exception {
        long[] tid = new long[1];
        RunDelay[] delay = new RunDelay[1];
        Thread thread = new Thread(() -> {
            tid[0] = io.solaster.engine.os.CpuAffinity.threadId();
            delay[0] = RunDelay.of((int) tid[0], Thread.currentThread());
        });
        thread.start();
        thread.join();
        Engines.until("the thread is gone", () -> !Files.exists(Path.of("/proc/self/task/" + tid[0])));
        long last = delay[0].getAsLong();
        assertThat(delay[0].getAsLong()).isEqualTo(last).isNotNegative();
    }

    @Test
    void readsTheStealTimeOfEachCpu() {
        StealTime steal = StealTime.parse("""
                cpu  1171765 0 324730 891539 75229 0 93608 600 0 0
                cpu0 622591 0 134479 415459 63768 0 41460 326 0 0
                cpu2 549174 0 190250 476080 11461 0 52148 274 0 0
                intr 1 2 3
                """);
        assertThat(steal.nanos(0)).isEqualTo(3_260_000_000L);
        assertThat(steal.nanos(2)).isEqualTo(2_740_000_000L);
        assertThat(steal.nanos(-1)).isEqualTo(2_000_000_000L);
        assertThat(StealTime.parse("").nanos(5)).isZero();
        assertThat(StealTime.read().nanos(-1)).isNotNegative();
    }

    @Test
    void collectionsTakeTime() {
        CollectorPauses pauses = new CollectorPauses();
        assertThat(pauses.getAsLong()).isNotNegative();
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(task.resolve(file), text);
    }
}
