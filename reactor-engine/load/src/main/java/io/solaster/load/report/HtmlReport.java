package io.solaster.load.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.load.Figures;
import io.solaster.load.LoadInterval;
import io.solaster.load.LoadReport;
import io.solaster.load.LoadReport.Mark;

/** A report as one HTML file without scripts or anything to load: for light and dark screens. */
public final class HtmlReport {
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
        StringBuilder page = head(reports.values().iterator().next().setup().target(), "");
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
                .append(String.format(Locale.ROOT, "; %d connections, %d shard%s, %.3g s from %s%s<br>"
                        + "answered %,d (%s/s), failed %,d, waited for room %,d; generator %s of CPU a request</p>\n",
                        report.setup().connections(), report.setup().shards(), report.setup().shards() == 1 ? "" : "s",
                        report.length().toNanos() / 1e9,
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
            overTime(page, report.intervals(), report.marks());
        }
    }

    private static String percentiles(Map<String, LoadReport> reports) {
        Svg svg = new Svg("Latency by percentile");
        Charts.percentiles(svg, reports);
        return svg.toString();
    }

    private static void overTime(StringBuilder page, List<LoadInterval> intervals, List<Mark> marks) {
        Svg latencies = new Svg("Latency over time");
        Charts.latencies(latencies, intervals, marks);
        Svg requests = new Svg("Requests over time");
        Charts.requests(requests, intervals, marks);
        page.append("<h2>Latency over time</h2>\n").append(latencies).append("<h2>Requests over time</h2>\n")
                .append(requests);
    }

    /**
     * A run that goes on, as a page that loads itself again each second.
     *
     * @param intervals that are over
     */
    public static String live(String target, List<LoadInterval> intervals) {
        StringBuilder page = head(target, "<meta http-equiv='refresh' content='1'>");
        if (intervals.isEmpty()) {
            page.append("<p>Nothing is recorded yet.</p>\n");
        } else {
            overTime(page, intervals, List.of());
        }
        return page.append("</body></html>\n").toString();
    }

    private static StringBuilder head(String target, String more) {
        return new StringBuilder("<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
                + "<meta name='viewport' content='width=device-width'>").append(more).append("<title>Load on ")
                .append(Html.escaped(target)).append("</title><style>").append(STYLE)
                .append("</style></head><body>\n<h1>Load on ").append(Html.escaped(target)).append("</h1>\n");
    }
}
