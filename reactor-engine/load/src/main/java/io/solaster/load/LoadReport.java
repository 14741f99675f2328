package io.solaster.load;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

import org.HdrHistogram.Histogram;

/**
 * What came of a load. Immutable, but for the histograms, which are handed out as they are; any thread may read.
 *
 * @param setup what was asked for
 * @param length how long it was recorded
 * @param latency nanoseconds from when a request was due to its answer, of those that were answered well
 * @param lateness nanoseconds from when a request was due, or first found room, to when it was handed to its socket: what
 *            the generator itself adds
 * @param errors requests that were answered by an error, never, or not sent, by kind
 * @param waited requests that found no connection with room when they were due, and waited for one
 * @param intervals figures over time
 * @param marks what happened meanwhile
 * @param cpuNanos CPU time of the generator's shards, in nanoseconds
 */
public record LoadReport(Setup setup, Duration length, Histogram latency, Histogram lateness,
        SortedMap<String, Long> errors, long waited, List<LoadInterval> intervals, List<Mark> marks, long cpuNanos) {
    /** As a latency: never answered. */
    public static final long NEVER = Long.MAX_VALUE;
    /** How late the generator may be, as a part of the p99. */
    private static final int LATENESS_PART = 10;

    public LoadReport {
        errors = Collections.unmodifiableSortedMap(new TreeMap<>(errors));
        intervals = List.copyOf(intervals);
        marks = List.copyOf(marks);
    }

    /**
     * What was asked for.
     *
     * @param target a URL without a password, or "calls"
     * @param protocol and what was sent
     * @param schedule in words
     * @param perSecond requests a second that became due while it was recorded, as scheduled; 0 for a closed loop
     * @param connections of all shards together
     * @param shards threads of the generator
     * @param start when recording began
     * @param isStopped whether it was ended early
     */
    public record Setup(String target, String protocol, String schedule, double perSecond, int connections, int shards,
            Instant start, boolean isStopped) {}

    /**
     * Something that happened.
     *
     * @param at seconds from the beginning of the record
     */
    public record Mark(double at, String text) {}

    /** Requests that were answered well. */
    public long answered() {
        return latency.getTotalCount();
    }

    /** Requests that were not: by an error, never, or not even sent. */
    public long failed() {
        return errors.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Requests a second that were answered well. */
    public double perSecond() {
        return answered() / (length.toNanos() / 1e9);
    }

    /**
     * The latency that so many per cent of all requests that were due kept, in nanoseconds. Each that failed counts as
     * slower than all that were answered: where they reach the percentile it is {@link #NEVER}.
     */
    public long nanosAt(double percentile) {
        long good = answered();
        if (good == 0) {
            return NEVER;
        }
        double ofGood = percentile * (good + failed()) / good;
        return ofGood > 100 + 1e-9 ? NEVER : latency.getValueAtPercentile(Math.min(100, ofGood));
    }

    /** Why the run proves nothing about the server; empty if it does. */
    public Optional<String> invalid() {
        if (answered() + failed() == 0) {
            return Optional.of("nothing became due; offer a higher rate or a longer run");
        }
        long late = lateness.getValueAtPercentile(99);
        long p99 = latency.getValueAtPercentile(99);
        return answered() > 0 && late > p99 / LATENESS_PART
                ? Optional.of("the generator itself was late by " + Figures.nanos(late)
                        + " at p99, over a tenth of the p99 of "
                        + Figures.nanos(p99) + "; give it a CPU of its own, more shards, or a lower rate")
                : Optional.empty();
    }

    /**
     * That 99 % of all requests were answered within a limit. Where they were not but {@link #invalid} says that this may be
     * the generator's fault, the test is skipped, and says why.
     *
     * @throws AssertionError if it is over the limit, on a machine that can tell
     */
    public void assertP99(Duration limit) {
        assertPercentile(99, limit, "");
    }

    /** As {@link #assertP99}, at another percentile. */
    public void assertPercentile(double percentile, Duration limit) {
        assertPercentile(percentile, limit, "");
    }

    /** @param noisy why the machine cannot tell; empty if it can */
    void assertPercentile(double percentile, Duration limit, String noisy) {
        long nanos = nanosAt(percentile);
        if (nanos <= limit.toNanos() && answered() > 0) {
            return;
        }
        String over = "p" + (percentile == Math.rint(percentile) ? Long.toString((long) percentile) : percentile)
                + " is " + Figures.nanos(nanos) + ", over "
                + Figures.nanos(limit.toNanos());
        String why = invalid().orElse(noisy);
        if (nanos != NEVER && !why.isEmpty()) {
            throw Skipped.because(over + ", which says nothing: " + why);
        }
        throw new AssertionError(over + (failed() > 0 ? "; failed: " + errors : "") + " (" + answered()
                + " requests answered, generator late by " + Figures.nanos(lateness.getValueAtPercentile(99))
                + " at p99)");
    }

    /** Reports of processes that ran side by side, as one. Their seconds are counted from each one's beginning. */
    public static LoadReport sideBySide(List<LoadReport> reports) {
        return joined(reports, false);
    }

    /** Reports of runs that followed each other, as one. */
    public static LoadReport oneAfterTheOther(List<LoadReport> reports) {
        return joined(reports, true);
    }

    private static LoadReport joined(List<LoadReport> reports, boolean inTurn) {
        if (reports.isEmpty()) {
            throw new IllegalArgumentException("no report to join; give one at least");
        }
        Setup first = reports.getFirst().setup;
        Histogram latency = new Histogram(reports.getFirst().latency);
        Histogram lateness = new Histogram(reports.getFirst().lateness);
        latency.reset();
        lateness.reset();
        SortedMap<String, Long> errors = new TreeMap<>();
        List<Mark> marks = new ArrayList<>();
        NavigableMap<Double, List<LoadInterval>> intervals = new TreeMap<>();
        Duration length = Duration.ZERO;
        long waited = 0;
        long cpu = 0;
        double perSecond = 0;
        int connections = 0;
        int shards = 0;
        boolean stopped = false;
        for (LoadReport each : reports) {
            latency.add(each.latency);
            lateness.add(each.lateness);
            each.errors.forEach((kind, count) -> errors.merge(kind, count, Long::sum));
            double shift = inTurn ? length.toNanos() / 1e9 : 0;
            each.marks.forEach(mark -> marks.add(new Mark(mark.at + shift, mark.text)));
            each.intervals.forEach(one -> intervals.computeIfAbsent(one.at() + shift, _ -> new ArrayList<>()).add(one));
            length = inTurn
                    ? length.plus(each.length)
                    : length.compareTo(each.length) > 0 ? length : each.length;
            waited += each.waited;
            cpu += each.cpuNanos;
            perSecond += each.setup.perSecond / (inTurn ? reports.size() : 1);
            connections = inTurn ? each.setup.connections : connections + each.setup.connections;
            shards = inTurn ? each.setup.shards : shards + each.setup.shards;
            stopped |= each.setup.isStopped;
        }
        List<LoadInterval> sums = new ArrayList<>();
        intervals.forEach((at, parts) -> sums.add(sum(at, parts)));
        marks.sort(Comparator.comparingDouble(Mark::at));
        Instant start = reports.stream().map(each -> each.setup.start).min(Comparator.naturalOrder()).orElseThrow();
        String schedule = reports.size() == 1
                ? first.schedule
                : first.schedule + (inTurn ? ", " + reports.size() + " turns" : ", " + reports.size() + " processes");
        return new LoadReport(new Setup(first.target, first.protocol, schedule, perSecond, connections, shards, start,
                stopped), length, latency, lateness, errors, waited, sums, marks, cpu);
    }

    private static LoadInterval sum(double at, List<LoadInterval> parts) {
        if (parts.size() == 1) {
            LoadInterval one = parts.getFirst();
            return new LoadInterval(at, one.seconds(), one.answered(), one.failed(), one.p50(), one.p99(), one.max(),
                    one.lateness99(), one.histogram());
        }
        Histogram all = new Histogram(3);
        double seconds = 0;
        long failed = 0;
        long lateness = 0;
        for (LoadInterval each : parts) {
            all.add(Histograms.decoded(each.histogram()));
            seconds = Math.max(seconds, each.seconds());
            failed += each.failed();
            lateness = Math.max(lateness, each.lateness99());
        }
        return Histograms.interval(at, seconds, all, failed, lateness);
    }

    /** The errors, most frequent first. */
    public List<Map.Entry<String, Long>> errorsByCount() {
        return errors.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed()).toList();
    }
}
