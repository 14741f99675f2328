package io.solaster.benchmarks.engine;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.Heartbeat;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.task.TurnEnd;
import io.solaster.engine.task.TurnEnds;
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
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class AccountingBenchmark {
    private static final int STRIDE = 16;
    private static final int TASKS = 256;

    private final Histogram histogram = new Histogram();
    private final Heartbeat heartbeat = new Heartbeat();
    private final ShardStats stats = new ShardStats();
    private final GroupStats group = stats.addGroup(0, "default", () -> 200, 0);
    private final ShardStats scheduled = new ShardStats();
    private final GroupScheduler scheduler = new GroupScheduler(new SchedulingGroups(Map.of()), 0,
            Duration.ofSeconds(1), System::nanoTime, scheduled, null);
    private final TurnEnds ends = new TurnEnds(scheduler, scheduled, 0);
    private final TurnEnd end = ends.add("gather", scheduler.current(), this::run, name -> {});
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private final Runnable task = this::run;
    private int ran;
    private long state = 1;
    private long taskStarted;

    @Setup
    public void begin() {
        taskStarted = System.nanoTime();
        stats.begins(CpuAffinity.threadId(), taskStarted);
        scheduled.begins(CpuAffinity.threadId(), taskStarted);
    }

    private void run() {
        ran++;
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
        ran(1);
    }

    /** Per task, where as many short ones as may share a reading of the clock. */
    @Benchmark
    @OperationsPerInvocation(STRIDE)
    public void taskTimedWithOthers() {
        ran(STRIDE);
    }

    private void ran(int tasks) {
        long now = System.nanoTime();
        stats.ran(tasks, now - taskStarted);
        heartbeat.busy(now);
        taskStarted = now;
    }

    /**
     * A turn that finds work and does not sleep, with all that is told in it but the tasks themselves: the loop's own
     * part with its reading of the clock, and the turn of one group, which reads none.
     */
    @Benchmark
    public void turn() {
        stats.polls.increment();
        long now = System.nanoTime();
        groupTurn(now);
        group.queued.set(0);
        stats.pending.set(0);
        stats.turned(now, true);
    }

    /** The same without the clock, which the loop reads for its timers and the quota anyway. */
    @Benchmark
    public void turnWithoutClock() {
        stats.polls.increment();
        long now = ++state;
        groupTurn(now);
        group.queued.set(0);
        stats.pending.set(0);
        stats.turned(now, true);
    }

    private void groupTurn(long now) {
        group.activated(now);
        group.started(now);
        heartbeat.group(group.id());
        group.stopped(now, 1);
        heartbeat.busy(now);
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

    /** Per task, in turns of many trivial ones: all that the group scheduler does for a task, its accounting included. */
    @Benchmark
    @OperationsPerInvocation(TASKS)
    public int scheduledTask() {
        for (int i = 0; i < TASKS; i++) {
            scheduler.execute(task);
        }
        turnOfTheScheduler();
        return ran;
    }

    /** The same tasks through a bare queue. */
    @Benchmark
    @OperationsPerInvocation(TASKS)
    public int queuedTask() {
        for (int i = 0; i < TASKS; i++) {
            queue.add(task);
        }
        runQueue();
        return ran;
    }

    /** A turn with one task: all that the loop does but for transport, mesh and timers, its accounting included. */
    @Benchmark
    public int scheduledTurn() {
        scheduler.execute(task);
        turnOfTheScheduler();
        return ran;
    }

    /** The same with a bare queue, and the reading of the clock that a loop needs for its timers. */
    @Benchmark
    public long queuedTurn() {
        queue.add(task);
        runQueue();
        return ran + System.nanoTime();
    }

    /** {@link #scheduledTurn} with what a turn pays for work at its end that nobody has asked for. */
    @Benchmark
    public int turnWithoutEnds() {
        scheduler.execute(task);
        turnOfTheScheduler();
        if (ends.isAsked()) {
            ends.run();
        }
        return ran;
    }

    /** The same with work that is asked for. */
    @Benchmark
    public int turnWithEnds() {
        scheduler.execute(task);
        end.ask();
        turnOfTheScheduler();
        if (ends.isAsked()) {
            ends.run();
        }
        return ran;
    }

    private void turnOfTheScheduler() {
        scheduled.polls.increment();
        scheduler.begin(System.nanoTime());
        scheduler.run(scheduler.serve());
        scheduled.turned(scheduler.clock(), true);
    }

    private void runQueue() {
        for (Runnable next = queue.poll(); next != null; next = queue.poll()) {
            next.run();
        }
    }
}
