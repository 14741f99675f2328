package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** What it costs that keys are kept over a restart, beside Redis's append-only file on the same disk. */
final class KeptCost implements Measure {
    private static final double MOST_LOST = 0.15;
    private static final int PIPELINE = 16;
    private static final int CLIENTS = 64;
    /** A sync takes so much longer than a request that fewer of them do. */
    private static final int SHARE_OF_SYNCED = 20;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        everySecond(workplace, report);
        always(workplace, report);
    }

    private static Server redis(Workplace workplace, String name, String fsync)
            throws IOException, InterruptedException {
        return Server.redis(workplace, name, "--appendonly", "yes", "--appendfsync", fsync, "--appenddirname",
                "aof-" + fsync, "--auto-aof-rewrite-percentage", "0");
    }

    private static Server store(Workplace workplace, String name, String fsync)
            throws IOException, InterruptedException {
        Options options = workplace.options();
        return Server.store(workplace, name, 1, options.transport(), options.jvm(),
                workplace.file("kept-" + fsync).toString(), fsync);
    }

    private static void everySecond(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(redis(workplace, "Redis, everysec", "everysec"));
            servers.add(Server.store(workplace, "us", 1, options.transport(), options.jvm()));
            servers.add(store(workplace, "us, 1s", "1s"));
            servers.add(Server.store(workplace, "us again", 1, options.transport(), options.jvm()));
            report.section("A log that is synced every second (`log`)",
                    """
                            SET over 100,000 keys, values of 64 bytes, 50 connections; the log is not written anew meanwhile. \
                            Server CPU of the whole process per operation, and throughput, its ratio to the same server without \
                            a log in bold.""");
            MarkdownTable table = new MarkdownTable("", "Redis", "with its log", "us", "with our log",
                    "A/A noise of ours");
            for (int pipeline : new int[]{PIPELINE, 1}) {
                long requests = pipeline == 1 ? options.requests() / 7 : options.requests();
                List<Throughput.Figures> figures = measure(workplace, servers, pipeline, RedisBenchmark.CONNECTIONS,
                        requests);
                double theirs = figures.get(1).rateRatio(figures.get(0));
                double ours = figures.get(3).rateRatio(figures.get(2));
                double noise = figures.get(4).rateNoise(figures.get(2));
                String name = "SET, " + (pipeline == 1 ? "no pipeline" : "pipeline " + pipeline);
                table.row(name, figures.get(0).toString(), figures.get(1) + ", **" + Statistics.digits(theirs) + "**",
                        figures.get(2).toString(), figures.get(3) + ", **" + Statistics.digits(ours) + "**",
                        Statistics.digits(100 * noise) + " %");
                report.figure("throughput that Redis loses by its log, " + name, 1 - theirs, "", Double.NaN);
                report.atMost("throughput lost by a log synced every second, " + name, 1 - ours, MOST_LOST, "", noise);
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void always(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(redis(workplace, "Redis, always", "always"));
            servers.add(store(workplace, "us, always", "always"));
            report.section("A log that is synced before each answer (`log`)",
                    "SET as above, " + CLIENTS + " connections; in bold the ratio to Redis of throughput.");
            MarkdownTable table = new MarkdownTable("", "Redis", "us");
            for (int pipeline : new int[]{1, PIPELINE}) {
                long requests = options.requests() / (pipeline == 1 ? SHARE_OF_SYNCED : SHARE_OF_SYNCED / 4);
                List<Throughput.Figures> figures = measure(workplace, servers, pipeline, CLIENTS, requests);
                double ratio = figures.get(1).rateRatio(figures.get(0));
                String name = "SET, " + (pipeline == 1 ? "no pipeline" : "pipeline " + pipeline);
                table.row(name, figures.get(0).toString(), figures.get(1) + ", **" + Statistics.digits(ratio) + "**");
                report.atLeast("throughput where each answer waits for a sync, " + name, ratio, 1, " of Redis",
                        Double.NaN);
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static List<Throughput.Figures> measure(Workplace workplace, List<Server> servers, int pipeline,
            int connections, long requests) throws IOException, InterruptedException {
        Options options = workplace.options();
        RedisBenchmark benchmark = new RedisBenchmark(workplace);
        List<Throughput.Figures> figures = new ArrayList<>();
        for (Server server : servers) {
            figures.add(new Throughput.Figures(options.rounds()));
            try (RespClient client = server.connect()) {
                client.preload(new Requests(RedisBenchmark.VALUE_BYTES), options.keys());
            }
            for (int i = 0; i < (server.isOurs() ? 2 : 0); i++) {
                set(benchmark, server, pipeline, connections, options, requests);
            }
        }
        for (int round = 0; round < options.rounds(); round++) {
            Report.progress("log, pipeline " + pipeline + ", round " + (round + 1) + " of " + options.rounds());
            for (int i = 0; i < servers.size(); i++) {
                figures.get(i).add(round,
                        set(benchmark, servers.get(i), pipeline, connections, options, requests));
            }
        }
        return figures;
    }

    private static RedisBenchmark.Run set(RedisBenchmark benchmark, Server server, int pipeline, int connections,
            Options options, long requests) throws IOException, InterruptedException {
        return benchmark.run(server, List.of("-t", "set"), pipeline, connections, options.keys(),
                Math.max((long) pipeline * connections, requests), RedisBenchmark.VALUE_BYTES);
    }
}
