package io.solaster.load.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.load.Figures;
import io.solaster.load.LoadInterval;
import io.solaster.load.LoadReport;
import io.solaster.load.LoadReport.Mark;
import io.solaster.load.report.Canvas.Ink;
import org.HdrHistogram.Histogram;

/** The charts of a report. */
final class Charts {
    private static final List<Ink> INKS = List.of(Ink.A, Ink.B, Ink.C, Ink.D);
    private static final double NINES = 5;

    private Charts() {}

    /** Latency and lateness of one run. */
    static void percentiles(Canvas canvas, LoadReport report) {
        percentiles(canvas, Map.of("latency", report));
    }

    /** By the number of nines, to as many as there are requests for; of up to four runs. */
    static void percentiles(Canvas canvas, Map<String, LoadReport> reports) {
        double low = Double.MAX_VALUE;
        double high = 1;
        double nines = 1;
        for (LoadReport each : reports.values()) {
            low = Math.min(low, (double) Math.max(1, each.latency().getMinValue()));
            high = Math.max(high, (double) each.latency().getMaxValue());
            nines = Math.max(nines, Math.min(NINES, Math.ceil(Math.log10((double) Math.max(10, each.answered())))));
        }
        boolean isAlone = reports.size() == 1;
        for (LoadReport each : reports.values()) {
            if (isAlone && each.lateness().getTotalCount() > 0) {
                low = Math.min(low, (double) Math.max(1, each.lateness().getMinValue()));
            }
        }
        Chart chart = new Chart(canvas, 0, nines, powerBelow(Math.min(low, high)), powerAbove(high), true);
        chart.gridY(value -> Figures.nanos(Math.round(value)));
        chart.gridX(0, "0");
        for (int i = 1; i <= nines; i++) {
            chart.gridX(i, TextReport.name(Math.round((100 - 100 / Math.pow(10, i)) * 1e6) / 1e6));
        }
        List<Map.Entry<String, LoadReport>> curves = List.copyOf(reports.entrySet());
        for (int i = 0; i < Math.min(curves.size(), INKS.size()); i++) {
            LoadReport report = curves.get(i).getValue();
            long good = report.answered();
            line(chart, curves.get(i).getKey(), INKS.get(i), report.latency(), nines,
                    (good + report.failed()) / (double) Math.max(1, good));
        }
        if (isAlone) {
            line(chart, "generator's lateness", Ink.B, curves.getFirst().getValue().lateness(), nines, 1);
        }
    }

    /** @param stretch how many requests there were for each that stands in the histogram */
    private static void line(Chart chart, String name, Ink ink, Histogram histogram, double most, double stretch) {
        List<double[]> points = new ArrayList<>();
        for (double nines = 0; nines <= most + 1e-9; nines += 0.05) {
            double percentile = (100 - 100 / Math.pow(10, nines)) * stretch;
            if (percentile <= 100) {
                points.add(new double[]{nines, histogram.getValueAtPercentile(percentile)});
            }
        }
        chart.line(name, ink, points.stream().mapToDouble(each -> each[0]).toArray(),
                points.stream().mapToDouble(each -> each[1]).toArray());
    }

    private static double powerBelow(double value) {
        return Math.pow(10, Math.floor(Math.log10(value)));
    }

    private static double powerAbove(double value) {
        return Math.pow(10, Math.ceil(Math.log10(value) + 1e-9));
    }

    /** @param intervals one at least */
    static void latencies(Canvas canvas, List<LoadInterval> intervals, List<Mark> marks) {
        double low = intervals.stream().mapToLong(LoadInterval::p50).filter(each -> each > 0).min().orElse(1);
        double high = intervals.stream().mapToLong(LoadInterval::max).max().orElse(1);
        Chart chart = new Chart(canvas, 0, end(intervals), powerBelow(low), powerAbove(Math.max(high, low)), true);
        chart.gridY(value -> Figures.nanos(Math.round(value)));
        seconds(chart, intervals);
        double[] xs = middles(intervals);
        chart.line("p50", Ink.C, xs, intervals.stream().mapToDouble(LoadInterval::p50).toArray());
        chart.line("p99", Ink.A, xs, intervals.stream().mapToDouble(LoadInterval::p99).toArray());
        chart.line("max", Ink.B, xs, intervals.stream().mapToDouble(LoadInterval::max).toArray());
        marks.forEach(mark -> chart.mark(mark.at(), mark.text()));
    }

    /** @param intervals one at least */
    static void requests(Canvas canvas, List<LoadInterval> intervals, List<Mark> marks) {
        double high = intervals.stream()
                .mapToDouble(each -> Math.max(each.answered(), each.failed()) / each.seconds()).max().orElse(1);
        Chart chart = new Chart(canvas, 0, end(intervals), 0, Math.max(1, high * 1.05), false);
        chart.gridY(value -> Figures.digits(value) + "/s");
        seconds(chart, intervals);
        double[] xs = middles(intervals);
        chart.line("answered", Ink.A, xs, intervals.stream().mapToDouble(LoadInterval::perSecond).toArray());
        chart.line("failed", Ink.BAD, xs,
                intervals.stream().mapToDouble(each -> each.failed() / each.seconds()).toArray());
        marks.forEach(mark -> chart.mark(mark.at(), mark.text()));
    }

    private static double[] middles(List<LoadInterval> intervals) {
        return intervals.stream().mapToDouble(each -> each.at() + each.seconds() / 2).toArray();
    }

    private static double end(List<LoadInterval> intervals) {
        return intervals.getLast().at() + intervals.getLast().seconds();
    }

    private static void seconds(Chart chart, List<LoadInterval> intervals) {
        double end = end(intervals);
        double step = Math.pow(10, Math.floor(Math.log10(Math.max(0.1, end))));
        step = end / step > 5 ? step : end / step > 2 ? step / 2 : step / 5;
        step = end > 5 ? Math.max(1, Math.rint(step)) : step;
        for (double at = 0; at <= end + 1e-9; at += step) {
            chart.gridX(at, (step >= 1 ? Long.toString(Math.round(at)) : Figures.digits(at)) + " s");
        }
    }
}
