package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** CPU per operation of commands of every type, as redis-benchmark sends them, with pipeline 16. */
final class Types implements Measure {
    private static final int PIPELINE = 16;
    /** The process compiles on the CPU that it is measured on: as long as that goes on, it is most of what there is. */
    private static final int WARM_UPS = 3;
    private static final double OF_TYPES = 0.6;
    private static final double OF_STRINGS = 0.45;
    /** So many more elements are there than are taken, so that no command finds nothing. */
    private static final int FILLED = 2;
    /** Numbers of elements are drawn from so many where each is to be another one. */
    private static final long DISTINCT = 2_000_000_000;
    private static final long AFTER_FLUSH_MILLIS = 200;

    /**
     * One row.
     *
     * @param what as redis-benchmark takes it
     * @param fill what is run before with so many elements more than are taken; empty for nothing
     * @param share one in so many of the requests of a usual row
     */
    private record Row(String name, List<String> what, String fill, int share, int valueBytes, double most) {}

    private static final List<Row> ROWS = List.of(
            strings("INCR", 1), strings("MSET", 4),
            type("HSET"), type("LPUSH"), type("SADD"), type("ZADD"),
            taking("RPOP", "lpush"), taking("SPOP", "sadd"), taking("ZPOPMIN", "zadd"),
            new Row("LRANGE_100", List.of("LRANGE", "mylist", "0", "99"), "lpush", 10, 3, OF_TYPES));

    private static Row strings(String name, int share) {
        return new Row(name, test(name), "", share, RedisBenchmark.VALUE_BYTES, OF_STRINGS);
    }

    private static Row type(String name) {
        return new Row(name, test(name), "", 1, 3, OF_TYPES);
    }

    private static Row taking(String name, String fill) {
        return new Row(name, test(name), fill, 2, 3, OF_TYPES);
    }

    private static List<String> test(String name) {
        return List.of("-t", name.toLowerCase(Locale.ROOT));
    }

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        RedisBenchmark benchmark = new RedisBenchmark(workplace);
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.redis(workplace, "Redis again"));
            servers.add(Server.store(workplace, "us", 1, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, "us, " + variant.getKey(), 1, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            for (int i = 0; i < WARM_UPS; i++) {
                for (Row row : ROWS) {
                    Report.progress("warming up " + row.name());
                    for (Server server : servers.subList(2, servers.size())) {
                        once(benchmark, server, row, options);
                    }
                }
            }
            report.section("Commands of each type (`types`)",
                    """
                            One shard, 50 connections, pipeline 16, as redis-benchmark sends them; CPU per operation and throughput, \
                            in bold the ratio to Redis of CPU. What takes elements always finds some. Transport: \
                            """
                            + servers.get(2).transport() + ".");
            MarkdownTable table = Compare.table(servers, "A/A noise");
            for (Row row : ROWS) {
                List<Throughput.Figures> figures = new ArrayList<>();
                servers.forEach(server -> figures.add(new Throughput.Figures(options.rounds())));
                for (int round = 0; round < options.rounds(); round++) {
                    Report.progress(row.name() + ", round " + (round + 1) + " of " + options.rounds());
                    for (int i = 0; i < servers.size(); i++) {
                        figures.get(i).add(round, once(benchmark, servers.get(i), row, options));
                    }
                }
                List<String> cells = Compare.cells(row.name(), figures);
                double noise = figures.get(1).cpuNoise(figures.get(0));
                cells.add(Statistics.digits(100 * noise) + " %");
                table.row(cells.toArray(String[]::new));
                report.atMost("CPU per " + row.name() + ", pipeline 16", figures.get(2).cpuRatio(figures.get(0)),
                        row.most(), " of Redis", noise);
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static RedisBenchmark.Run once(RedisBenchmark benchmark, Server server, Row row, Options options)
            throws IOException, InterruptedException {
        long requests = Math.max(PIPELINE * (long) RedisBenchmark.CONNECTIONS, options.requests() / row.share());
        try (RespClient client = server.connect()) {
            client.ask("FLUSHALL");
        }
        if (!row.fill().isEmpty()) {
            benchmark.run(server, List.of("-t", row.fill()), PIPELINE, RedisBenchmark.CONNECTIONS, DISTINCT,
                    FILLED * requests, row.valueBytes());
        }
        // What was removed is freed meanwhile.
        Thread.sleep(AFTER_FLUSH_MILLIS);
        return benchmark.run(server, row.what(), PIPELINE, RedisBenchmark.CONNECTIONS, options.keys(), requests,
                row.valueBytes());
    }
}
