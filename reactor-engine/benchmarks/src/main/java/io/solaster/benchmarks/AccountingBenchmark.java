package io.solaster.benchmarks;

import java.util.concurrent.TimeUnit;

import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.Heartbeat;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.ShardStats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs a shard to keep account of itself: each part, and the sums per task and per turn of the loop. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx256m"})
public class AccountingBenchmark {
    private static final int BATCH = 8;

    private final Histogram histogram = new Histogram();
    private final Heartbeat heartbeat = new Heartbeat();
    private final ShardStats stats = new ShardStats();
    private final GroupStats group = stats.addGroup(0, "default", () -> 200);
    private long state = 1;
    private long taskStarted;

    @Setup
    public void begin() {
        taskStarted = System.nanoTime();
        stats.begins(CpuAffinity.threadId(), taskStarted);
    }

    /** Durations of all lengths, so that no branch and no cache line is foreseen. */
    private long nextDuration() {
        state = state * 6364136223846793005L + 1442695040888963407L;
        return state >>> 34 + (state & 15);
    }

    /** What the benchmark of the histogram itself costs. */
    @Benchmark
    public long durationOnly() {
        return nextDuration();
    }

    @Benchmark
    public void histogramRecord() {
        histogram.record(nextDuration());
    }

    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    @Benchmark
    public void heartbeat() {
        heartbeat.busy(++state);
    }

    /** A task that is timed by itself: one reading of the clock, which ends it and begins the next. */
    @Benchmark
    public void taskTimedAlone() {
        long now = System.nanoTime();
        heartbeat.busy(now);
        stats.ran(1, now - taskStarted);
        taskStarted = now;
    }

    /** Per task, where eight short ones share a reading of the clock. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void taskTimedWithOthers() {
        long now = System.nanoTime();
        heartbeat.busy(now);
        stats.ran(BATCH, now - taskStarted);
        taskStarted = now;
    }

    /** A group's turn, without its tasks; the reading of the clock at its end begins the next one. */
    @Benchmark
    public void groupTurn() {
        heartbeat.group(group.id());
        group.activated(taskStarted);
        group.started(taskStarted);
        taskStarted = System.nanoTime();
        group.stopped(taskStarted, 1);
    }

    /** A turn that finds work and does not sleep. */
    @Benchmark
    public void turn() {
        stats.polls.increment();
        stats.turned(System.nanoTime(), true);
        stats.pending.set(0);
    }

    /** A turn that ends in sleep: a reading of the clock before and one after. */
    @Benchmark
    public void turnAndSleep() {
        stats.polls.increment();
        long now = System.nanoTime();
        stats.turned(now, true);
        stats.sleeps(now);
        stats.pending.set(0);
        stats.woke(System.nanoTime());
    }
}
