package io.solaster.load.report;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

import io.solaster.load.Histograms;
import io.solaster.load.LoadInterval;
import io.solaster.load.LoadReport;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** The latencies over time in HdrHistogram's log format, in nanoseconds, for the tools that read it. */
public final class HistogramLog {
    private static final double NANOS_A_MILLI = 1e6;

    private HistogramLog() {}

    /** As text. */
    public static String of(LoadReport report) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            HistogramLogWriter writer = new HistogramLogWriter(out);
            writer.outputComment("[solaster-load, " + report.setup().target() + ", " + report.setup().schedule() + "]");
            writer.outputLogFormatVersion();
            long start = report.setup().start().toEpochMilli();
            writer.outputStartTime(start);
            writer.setBaseTime(start);
            writer.outputLegend();
            for (LoadInterval each : report.intervals()) {
                Histogram histogram = Histograms.decoded(each.histogram());
                writer.outputIntervalHistogram(each.at(), each.at() + each.seconds(), histogram, NANOS_A_MILLI);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
