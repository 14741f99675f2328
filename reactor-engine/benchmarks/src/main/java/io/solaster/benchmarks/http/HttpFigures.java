package io.solaster.benchmarks.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

import io.solaster.benchmarks.rig.Statistics;

/** What several rounds gave for each server, under one load. */
final class HttpFigures {
    private final String load;
    private final Map<String, List<HttpRun>> runs = new LinkedHashMap<>();

    HttpFigures(String load) {
        this.load = load;
    }

    /** The next round of a server. */
    void add(String server, HttpRun run) {
        runs.computeIfAbsent(server, name -> new ArrayList<>()).add(run);
    }

    /** CPU per request of one server to that of another: the median over the rounds. */
    double ratio(String server, String other) {
        return Statistics.ratio(values(server, HttpRun::cpuMicros), values(other, HttpRun::cpuMicros));
    }

    /** How far CPU per request of a server that was measured twice is from itself. */
    double noise(String again, String server) {
        return Statistics.noise(values(again, HttpRun::cpuMicros), values(server, HttpRun::cpuMicros));
    }

    /** User CPU per request to that of another server, of all rounds together: the kernel samples it, and few at a time. */
    double userRatio(String server, String other) {
        return Statistics.mean(values(server, HttpRun::userMicros))
                / Statistics.mean(values(other, HttpRun::userMicros));
    }

    /** Requests per second. */
    double perSecond(String server) {
        return Statistics.median(values(server, HttpRun::perSecond));
    }

    /** A row of {@link HttpServers#table}, with each server's ratio to one of them. */
    String[] row(String base) {
        List<String> cells = new ArrayList<>(List.of(load));
        for (String name : runs.keySet()) {
            String figures = Statistics.digits(Statistics.median(values(name, HttpRun::cpuMicros))) + " µs ("
                    + Statistics.digits(Statistics.mean(values(name, HttpRun::userMicros))) + "), "
                    + Statistics.digits(perSecond(name) / 1000) + " k/s";
            cells.add(name.equals(base) ? figures : figures + ", **" + Statistics.digits(ratio(name, base)) + "**");
        }
        return cells.toArray(String[]::new);
    }

    private double[] values(String server, ToDoubleFunction<HttpRun> value) {
        return runs.getOrDefault(server, List.of()).stream().mapToDouble(value).toArray();
    }
}
