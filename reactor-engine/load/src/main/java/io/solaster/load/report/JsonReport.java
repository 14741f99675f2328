package io.solaster.load.report;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

import io.solaster.load.Histograms;
import io.solaster.load.LoadInterval;
import io.solaster.load.LoadReport;
import io.solaster.load.LoadReport.Mark;
import io.solaster.load.LoadReport.Setup;
import org.HdrHistogram.Histogram;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A report as JSON: figures for whoever reads it, and the histograms themselves, so that reports can be joined. */
public final class JsonReport {
    private static final int FORMAT = 1;
    private static final long MOST_BYTES = 512L << 20;
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private JsonReport() {}

    /** As text. A latency that was never reached is null. */
    public static String of(LoadReport report) {
        ObjectNode json = MAPPER.createObjectNode();
        Setup setup = report.setup();
        json.put("format", FORMAT).put("target", setup.target()).put("protocol", setup.protocol())
                .put("schedule", setup.schedule()).put("offeredPerSecond", setup.perSecond())
                .put("connections", setup.connections()).put("shards", setup.shards())
                .put("start", setup.start().toString()).put("stopped", setup.isStopped())
                .put("lengthNanos", report.length().toNanos()).put("answered", report.answered())
                .put("failed", report.failed()).put("waited", report.waited()).put("perSecond", report.perSecond())
                .put("invalid", report.invalid().orElse("")).put("cpuNanos", report.cpuNanos());
        ObjectNode errors = json.putObject("errors");
        report.errors().forEach(errors::put);
        ObjectNode latency = json.putObject("latencyNanos");
        ObjectNode lateness = json.putObject("latenessNanos");
        for (double percentile : TextReport.PERCENTILES) {
            long nanos = report.nanosAt(percentile);
            latency.put(TextReport.name(percentile), nanos == LoadReport.NEVER ? null : nanos);
            lateness.put(TextReport.name(percentile), TextReport.at(report.lateness(), percentile));
        }
        ArrayNode marks = json.putArray("marks");
        report.marks().forEach(mark -> marks.addObject().put("at", mark.at()).put("text", mark.text()));
        ArrayNode intervals = json.putArray("intervals");
        report.intervals().forEach(each -> intervals.addObject().put("at", each.at()).put("seconds", each.seconds())
                .put("answered", each.answered()).put("failed", each.failed()).put("p50", each.p50())
                .put("p99", each.p99()).put("max", each.max()).put("lateness99", each.lateness99())
                .put("histogram", each.histogram()));
        json.put("latencyHistogram", Histograms.encoded(report.latency())).put("latenessHistogram",
                Histograms.encoded(report.lateness()));
        return json.toPrettyString() + "\n";
    }

    /**
     * Reads what {@link #of} has written.
     *
     * @throws IOException if the file cannot be read or is no report, naming it
     */
    public static LoadReport read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is no file; give a report that was written with --json");
        }
        if (Files.size(file) > MOST_BYTES) {
            throw new IOException(file + " is of " + Files.size(file) + " bytes; no report is as long");
        }
        try {
            JsonNode json = MAPPER.readTree(Files.readString(file));
            if (json.path("format").asInt(0) != FORMAT) {
                throw new IllegalArgumentException("its format is '" + json.path("format") + "', not " + FORMAT);
            }
            return read(json);
        } catch (JacksonException | IllegalArgumentException | DateTimeException
                | CharacterCodingException e) {
            String why = e instanceof JacksonException syntax ? syntax.getOriginalMessage() : e.getMessage();
            throw new IOException(file + " is no report of solaster-load (" + why + "); give one that was written with"
                    + " --json", e);
        }
    }

    private static LoadReport read(JsonNode json) {
        Setup setup = new Setup(json.required("target").asString(), json.required("protocol").asString(),
                json.required("schedule").asString(), json.required("offeredPerSecond").asDouble(),
                json.required("connections").asInt(), json.required("shards").asInt(),
                Instant.parse(json.required("start").asString()), json.required("stopped").asBoolean());
        SortedMap<String, Long> errors = new TreeMap<>();
        json.required("errors").properties().forEach(each -> errors.put(each.getKey(), each.getValue().asLong()));
        List<Mark> marks = new ArrayList<>();
        json.required("marks").forEach(each -> marks.add(new Mark(each.required("at").asDouble(),
                each.required("text").asString())));
        List<LoadInterval> intervals = new ArrayList<>();
        json.required("intervals").forEach(each -> intervals.add(new LoadInterval(each.required("at").asDouble(),
                each.required("seconds").asDouble(), each.required("answered").asLong(),
                each.required("failed").asLong(), each.required("p50").asLong(), each.required("p99").asLong(),
                each.required("max").asLong(), each.required("lateness99").asLong(),
                checked(each.required("histogram").asString()))));
        Histogram latency = Histograms.decoded(json.required("latencyHistogram").asString());
        Histogram lateness = Histograms.decoded(json.required("latenessHistogram").asString());
        latency.setAutoResize(true);
        lateness.setAutoResize(true);
        return new LoadReport(setup, Duration.ofNanos(Math.max(1, json.required("lengthNanos").asLong())), latency,
                lateness, errors, json.required("waited").asLong(), intervals, marks,
                json.required("cpuNanos").asLong());
    }

    private static String checked(String histogram) {
        Histograms.decoded(histogram);
        return histogram;
    }
}
