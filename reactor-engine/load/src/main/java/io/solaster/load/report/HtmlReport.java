package io.solaster.load.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.load.Figures;
import io.solaster.load.LoadInterval;
import io.solaster.load.LoadReport;
import org.HdrHistogram.Histogram;

/** A report as one HTML file without scripts or anything to load: for light and dark screens. */
public final class HtmlReport {
    private static final List<String> COLOURS = List.of("a", "b", "c", "d");
    private static final double NINES = 5;
    private static final String STYLE = """
            :root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#d8dee4;--soft:#57606a;--a:#0969da;--b:#bc4c00;\
            --c:#1a7f37;--d:#8250df;--bad:#cf222e}
            @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--faint:#30363d;--soft:#9198a1;--a:#58a6ff;\
            --b:#f0883e;--c:#3fb950;--d:#bc8cff;--bad:#ff7b72}}
            body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2em auto;\
            padding:0 1em}
            h1{font-size:1.4em;overflow-wrap:anywhere}h2{font-size:1.1em;margin-top:2em}
            table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:right;font-variant-numeric:tabular-nums}
            td:first-child,th:first-child{text-align:left}th{color:var(--soft);font-weight:500}
            svg{width:100%;height:auto}svg *{vector-effect:non-scaling-stroke}.frame{fill:none;stroke:var(--faint)}
            .grid{stroke:var(--faint)}.tick{font-size:11px;fill:var(--soft)}
            .a,.b,.c,.d{fill:none;stroke-width:2}.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}.d{stroke:var(--d)}
            .bad{fill:none;stroke:var(--bad);stroke-width:2}.mark{stroke:var(--bad);stroke-dasharray:4 3}
            .marked{font-size:11px;fill:var(--bad)}.invalid{color:var(--bad);font-weight:600}.soft{color:var(--soft)}
            """;

    private HtmlReport() {}

    /** One run. */
    public static String of(LoadReport report) {
        return of(Map.of("latency", report));
    }

    /** Runs beside each other, by name: the first four curves in one chart, and each run's own ones below. */
    public static String of(Map<String, LoadReport> reports) {
        StringBuilder page = new StringBuilder("<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
                + "<meta name='viewport' content='width=device-width'><title>Load on ");
        LoadReport first = reports.values().iterator().next();
        page.append(Html.escaped(first.setup().target())).append("</title><style>").append(STYLE)
                .append("</style></head><body>\n<h1>Load on ").append(Html.escaped(first.setup().target()))
                .append("</h1>\n");
        table(page, reports);
        page.append("<h2>Latency by percentile</h2>\n").append(percentiles(reports));
        reports.forEach((name, report) -> {
            if (reports.size() > 1) {
                page.append("<h2>").append(Html.escaped(name)).append("</h2>\n");
            }
            one(page, report);
        });
        return page
                .append("<p class='soft'>Each request counts from when it was due; one that failed is slower than all"
                        + " that were answered. Over time, requests count when they were answered.</p>\n</body></html>\n")
                .toString();
    }

    private static void table(StringBuilder page, Map<String, LoadReport> reports) {
        page.append("<table><tr><th></th>");
        reports.keySet().forEach(name -> cell(page, "th", reports.size() == 1 ? "latency" : name));
        reports.values().forEach(_ -> cell(page, "th", "lateness"));
        page.append("</tr>\n");
        for (double percentile : TextReport.PERCENTILES) {
            page.append("<tr>");
            cell(page, "td", TextReport.name(percentile));
            reports.values().forEach(each -> cell(page, "td", Figures.nanos(each.nanosAt(percentile))));
            reports.values()
                    .forEach(each -> cell(page, "td", Figures.nanos(TextReport.at(each.lateness(), percentile))));
            page.append("</tr>\n");
        }
        page.append("</table>\n");
    }

    private static void cell(StringBuilder page, String kind, String text) {
        page.append('<').append(kind).append('>').append(Html.escaped(text)).append("</").append(kind).append('>');
    }

    private static void one(StringBuilder page, LoadReport report) {
        page.append("<p>").append(Html.escaped(report.setup().protocol())).append("<br>")
                .append(Html.escaped(report.setup().schedule()))
                .append(String.format(Locale.ROOT, "; %d connections, %d shards, %.3g s from %s%s<br>"
                        + "answered %,d (%s/s), failed %,d, waited for room %,d; generator %s of CPU a request</p>\n",
                        report.setup().connections(), report.setup().shards(), report.length().toNanos() / 1e9,
                        report.setup().start(), report.setup().isStopped() ? ", stopped early" : "",
                        report.answered(), Figures.digits(report.perSecond()), report.failed(), report.waited(),
                        Figures.nanos(Math.round(report.cpuNanos()
                                / (double) Math.max(1, report.answered() + report.failed())))));
        report.invalid().ifPresent(
                why -> page.append("<p class='invalid'>Invalid: ").append(Html.escaped(why)).append(".</p>\n"));
        if (!report.errors().isEmpty()) {
            page.append("<table><tr><th>failed</th><th></th></tr>\n");
            for (Map.Entry<String, Long> error : report.errorsByCount()) {
                page.append("<tr>");
                cell(page, "td", error.getKey());
                cell(page, "td", String.format(Locale.ROOT, "%,d", error.getValue()));
                page.append("</tr>\n");
            }
            page.append("</table>\n");
        }
        if (!report.intervals().isEmpty()) {
            page.append("<h2>Latency over time</h2>\n").append(latencies(report))
                    .append("<h2>Requests over time</h2>\n")
                    .append(requests(report));
        }
    }

    /** By the number of nines, to as many as there are requests for. */
    private static String percentiles(Map<String, LoadReport> reports) {
        double low = Double.MAX_VALUE;
        double high = 1;
        double nines = 1;
        for (LoadReport each : reports.values()) {
            low = Math.min(low, (double) Math.max(1, each.latency().getMinValue()));
            high = Math.max(high, (double) each.latency().getMaxValue());
            nines = Math.max(nines, Math.min(NINES, Math.ceil(Math.log10((double) Math.max(10, each.answered())))));
        }
        Chart chart = new Chart("Latency by percentile", 0, nines, powerBelow(low), powerAbove(high), true);
        chart.gridY(value -> Figures.nanos(Math.round(value)));
        chart.gridX(0, "0");
        for (int i = 1; i <= nines; i++) {
            chart.gridX(i, TextReport.name(Math.round((100 - 100 / Math.pow(10, i)) * 1e6) / 1e6));
        }
        List<String> names = new ArrayList<>(reports.keySet());
        for (int i = 0; i < Math.min(names.size(), COLOURS.size()); i++) {
            LoadReport report = reports.get(names.get(i));
            if (report != null) {
                curve(chart, names.get(i), COLOURS.get(i), report);
            }
        }
        if (reports.size() == 1) {
            reports.values().forEach(each -> line(chart, "generator's lateness", "b", each.lateness(), 1));
        }
        return chart.toString();
    }

    private static void curve(Chart chart, String name, String colour, LoadReport report) {
        long good = report.answered();
        line(chart, name, colour, report.latency(), (good + report.failed()) / (double) Math.max(1, good));
    }

    /** @param stretch how many requests there were for each that stands in the histogram */
    private static void line(Chart chart, String name, String colour, Histogram histogram, double stretch) {
        List<double[]> points = new ArrayList<>();
        for (double nines = 0; nines <= NINES; nines += 0.05) {
            double percentile = (100 - 100 / Math.pow(10, nines)) * stretch;
            if (percentile <= 100) {
                points.add(new double[]{nines, histogram.getValueAtPercentile(percentile)});
            }
        }
        chart.line(name, colour, points.stream().mapToDouble(each -> each[0]).toArray(),
                points.stream().mapToDouble(each -> each[1]).toArray());
    }

    private static double powerBelow(double value) {
        return Math.pow(10, Math.floor(Math.log10(value)));
    }

    private static double powerAbove(double value) {
        return Math.pow(10, Math.ceil(Math.log10(value) + 1e-9));
    }

    private static String latencies(LoadReport report) {
        List<LoadInterval> intervals = report.intervals();
        double low = intervals.stream().mapToLong(LoadInterval::p50).filter(each -> each > 0).min().orElse(1);
        double high = intervals.stream().mapToLong(LoadInterval::max).max().orElse(1);
        Chart chart = new Chart("Latency over time", 0, end(intervals), powerBelow(low),
                powerAbove(Math.max(high, low)), true);
        chart.gridY(value -> Figures.nanos(Math.round(value)));
        seconds(chart, intervals);
        double[] xs = middles(intervals);
        chart.line("p50", "c", xs, intervals.stream().mapToDouble(LoadInterval::p50).toArray());
        chart.line("p99", "a", xs, intervals.stream().mapToDouble(LoadInterval::p99).toArray());
        chart.line("max", "b", xs, intervals.stream().mapToDouble(LoadInterval::max).toArray());
        report.marks().forEach(mark -> chart.mark(mark.at(), mark.text()));
        return chart.toString();
    }

    private static String requests(LoadReport report) {
        List<LoadInterval> intervals = report.intervals();
        double high = intervals.stream()
                .mapToDouble(each -> Math.max(each.answered(), each.failed()) / each.seconds()).max().orElse(1);
        Chart chart = new Chart("Requests over time", 0, end(intervals), 0, Math.max(1, high * 1.05), false);
        chart.gridY(value -> Figures.digits(value) + "/s");
        seconds(chart, intervals);
        double[] xs = middles(intervals);
        chart.line("answered", "a", xs, intervals.stream().mapToDouble(LoadInterval::perSecond).toArray());
        chart.line("failed", "bad", xs,
                intervals.stream().mapToDouble(each -> each.failed() / each.seconds()).toArray());
        report.marks().forEach(mark -> chart.mark(mark.at(), mark.text()));
        return chart.toString();
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
        for (double at = 0; at <= end + 1e-9; at += step) {
            chart.gridX(at, Figures.digits(at) + " s");
        }
    }
}
