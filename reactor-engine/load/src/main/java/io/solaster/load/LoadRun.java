package io.solaster.load;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

import io.solaster.engine.Engine;
import io.solaster.load.LoadReport.Mark;
import io.solaster.load.protocol.Target;
import io.solaster.load.run.Interval;
import io.solaster.load.run.RunPlan;
import io.solaster.load.run.Running;

/** A load that is being offered. Any thread that is no shard; one of them waits for the report. */
public final class LoadRun {
    private final Engine engine;
    private final boolean owned;
    private final RunPlan plan;
    private final Running running;
    private final Instant start;
    private final List<Mark> marks = new ArrayList<>();

    private LoadRun(Engine engine, boolean owned, RunPlan plan, Running running) {
        this.engine = engine;
        this.owned = owned;
        this.plan = plan;
        this.running = running;
        this.start = Instant.now().plusNanos(running.recordFrom() - System.nanoTime());
    }

    /** @param owned whether the engine is closed with the run */
    static LoadRun start(Engine engine, boolean owned, RunPlan plan) throws IOException {
        boolean begun = false;
        try {
            LoadRun run = new LoadRun(engine, owned, plan, Running.start(engine, plan));
            begun = true;
            return run;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while connecting", e);
        } finally {
            if (!begun && owned) {
                engine.close();
            }
        }
    }

    /** Says what happens now, such as a fault that was caused: the report tells of it at its time. */
    public void mark(String text) {
        synchronized (marks) {
            marks.add(new Mark((System.nanoTime() - running.recordFrom()) / 1e9, text));
        }
    }

    /** Ends the run early: nothing more is sent, and the report is of what was answered by then. */
    public void stop() {
        running.stop();
    }

    /** Waits for the end. Once. */
    public LoadReport report() {
        return report(_ -> {});
    }

    /**
     * Waits for the end. Once.
     *
     * @param listener hears of each interval when it is over, on this thread
     */
    public LoadReport report(Consumer<LoadInterval> listener) {
        Sum sum = new Sum(listener);
        boolean interrupted = false;
        long length;
        long cpu;
        try {
            for (boolean isOver = false; !isOver;) {
                try {
                    running.collect(sum);
                    isOver = true;
                } catch (InterruptedException _) {
                    interrupted = true;
                    running.stop();
                }
            }
            cpu = running.cpuNanos();
            length = Math.min(plan.length().toNanos(), Math.max(1, System.nanoTime() - running.recordFrom()));
        } finally {
            if (owned) {
                engine.close();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        Target target = plan.target();
        LoadReport.Setup setup = new LoadReport.Setup(target == null ? "calls" : target.url(),
                target == null ? "calls" : target.protocol().name() + ", " + target.protocol().describe(),
                plan.schedule().describe() + (plan.steps() > 1
                        ? ", sessions of " + plan.steps() + " requests " + Figures.nanos(plan.expected().toNanos())
                                + " apart"
                        : ""),
                plan.schedule().perSecond(plan.warmUp(), Duration.ofNanos(length)) * plan.steps(),
                target == null ? 0 : plan.connections(),
                engine.shards().size(), start, running.isStopped());
        synchronized (marks) {
            return new LoadReport(setup, Duration.ofNanos(length), sum.all.latency, sum.all.lateness,
                    new TreeMap<>(sum.all.errors), sum.all.waited, sum.intervals, marks, cpu);
        }
    }

    /** Adds the intervals up. */
    private final class Sum implements Consumer<Interval> {
        private final Consumer<LoadInterval> listener;
        private final Interval all = new Interval();
        private final List<LoadInterval> intervals = new ArrayList<>();

        Sum(Consumer<LoadInterval> listener) {
            this.listener = listener;
        }

        @Override
        public void accept(Interval each) {
            all.add(each);
            double seconds = plan.interval().toNanos() / 1e9;
            double at = each.index * seconds;
            // Intervals go on behind the end until the last answer, each in full.
            double left = plan.length().toNanos() / 1e9 - at;
            LoadInterval interval = Histograms.interval(at, left > 0 ? Math.min(left, seconds) : seconds, each.latency,
                    each.errors.values().stream().mapToLong(Long::longValue).sum(),
                    each.lateness.getValueAtPercentile(99));
            intervals.add(interval);
            listener.accept(interval);
        }
    }
}
