package io.solaster.load.report;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.load.Figures;
import io.solaster.load.LoadComparison;
import io.solaster.load.LoadReport;
import io.solaster.load.LoadReport.Setup;
import org.HdrHistogram.Histogram;

/** A report for a terminal. */
public final class TextReport {
    /** The percentiles that every form of the report shows. */
    static final List<Double> PERCENTILES = List.of(50.0, 90.0, 99.0, 99.9, 99.99, 100.0);

    private TextReport() {}

    /** One run. */
    public static String of(LoadReport report) {
        Formatter text = new Formatter(Locale.ROOT);
        Setup setup = report.setup();
        text.format("%s: %s%n", setup.target(), setup.protocol());
        text.format("%s; %d connections, %d shard%s, %.3g s%s%n", setup.schedule(), setup.connections(), setup.shards(),
                setup.shards() == 1 ? "" : "s",
                report.length().toNanos() / 1e9, setup.isStopped() ? " (stopped early)" : "");
        text.format("%n");
        text.format("answered %,d (%,.0f/s), failed %,d, waited for room %,d%n", report.answered(), report.perSecond(),
                report.failed(), report.waited());
        for (Map.Entry<String, Long> error : report.errorsByCount()) {
            text.format("  %-32s %,d%n", error.getKey(), error.getValue());
        }
        text.format("%n");
        text.format("%-10s %12s %22s%n", "", "latency", "generator's lateness");
        for (double percentile : PERCENTILES) {
            text.format("%-10s %12s %22s%n", name(percentile), Figures.nanos(report.nanosAt(percentile)),
                    Figures.nanos(at(report.lateness(), percentile)));
        }
        text.format("%n");
        text.format("generator: %s of CPU a request%n", Figures
                .nanos(Math.round(report.cpuNanos() / (double) Math.max(1, report.answered() + report.failed()))));
        if (setup.perSecond() == 0) {
            text.format("A closed loop sends nothing while the server stands still: these latencies flatter it.%n");
        }
        report.marks().forEach(mark -> text.format("at %.1f s: %s%n", mark.at(), mark.text()));
        report.invalid().ifPresent(why -> text.format("INVALID: %s.%n", why));
        return text.toString();
    }

    /** Two runs beside each other. */
    public static String of(LoadComparison comparison, String first, String second) {
        Formatter text = new Formatter(Locale.ROOT);
        LoadReport one = comparison.first();
        LoadReport other = comparison.second();
        text.format("%-14s %14s %14s %8s%n", "", first, second, "ratio");
        text.format("%-14s %14s %14s %8s%n", "answered/s", Figures.digits(one.perSecond()),
                Figures.digits(other.perSecond()), ratio(other.perSecond() / one.perSecond()));
        text.format("%-14s %,14d %,14d%n", "failed", one.failed(), other.failed());
        for (double percentile : PERCENTILES) {
            text.format("%-14s %14s %14s %8s%n", name(percentile), Figures.nanos(one.nanosAt(percentile)),
                    Figures.nanos(other.nanosAt(percentile)), ratio(comparison.ratio(percentile)));
        }
        text.format("%-14s %14s %14s%n", "lateness p99", Figures.nanos(at(one.lateness(), 99)),
                Figures.nanos(at(other.lateness(), 99)));
        one.invalid().ifPresent(why -> text.format("INVALID, %s: %s.%n", first, why));
        other.invalid().ifPresent(why -> text.format("INVALID, %s: %s.%n", second, why));
        return text.toString();
    }

    private static String ratio(double ratio) {
        return Double.isFinite(ratio) ? Figures.digits(ratio) : "-";
    }

    /** As {@code p99.9}; the highest is {@code max}. */
    static String name(double percentile) {
        return percentile == 100
                ? "max"
                : "p" + (percentile == Math.rint(percentile)
                        ? Long.toString((long) percentile)
                        : Double.toString(percentile));
    }

    static long at(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile);
    }
}
