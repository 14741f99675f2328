package io.solaster.load.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.load.LoadReport;
import io.solaster.load.report.HistogramLog;
import io.solaster.load.report.HtmlReport;
import io.solaster.load.report.JsonReport;
import io.solaster.load.report.Picture;
import io.solaster.load.report.WholeFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The files that a report goes to. */
final class Outputs {

    @Option(names = "--json", paramLabel = "FILE", description = "The report as JSON, to compare and to join.")
    @Nullable
    Path json;

    @Option(names = "--hlog", paramLabel = "FILE", description = "Latencies over time as HdrHistogram's tools read them.")
    @Nullable
    Path hlog;

    @Option(names = "--html", paramLabel = "FILE", description = "The report as one page with charts.")
    @Nullable
    Path html;

    @Option(names = "--png", paramLabel = "FILE", description = "The charts as a picture.")
    @Nullable
    Path png;

    /** Before anything is measured: a folder that is not there would lose it all. */
    void check() {
        check("--json", json);
        check("--hlog", hlog);
        check("--html", html);
        check("--png", png);
    }

    private static void check(String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || folder == null || !Files.isWritable(folder)) {
            throw new IllegalArgumentException(
                    option + " " + file + " cannot be written; name a file in a folder that is there and yours");
        }
    }

    /** Writes one report to whatever was asked for. */
    void write(LoadReport report) throws IOException {
        write(Map.of("latency", report));
    }

    /** Writes several: pages hold all of them, other files the first. */
    void write(Map<String, LoadReport> reports) throws IOException {
        LoadReport first = reports.values().iterator().next();
        if (json != null) {
            WholeFile.write(json, JsonReport.of(first));
        }
        if (hlog != null) {
            WholeFile.write(hlog, HistogramLog.of(first));
        }
        if (html != null) {
            WholeFile.write(html, HtmlReport.of(new LinkedHashMap<>(reports)));
        }
        if (png != null) {
            Picture.write(png, first);
        }
    }
}
