package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Suite;
import io.solaster.benchmarks.rig.Workplace;

/**
 * Runs Redis and us in turn on one CPU and prints what each costs: every figure of the README's table. Started by
 * {@code compare.sh}; the README says what each measure means.
 */
public final class Compare {
    private static final Suite SUITE = new Suite(Options.COMPARE_USAGE, 5, "taskset", "redis-server",
            "redis-benchmark")
            .pinned()
            .with("cpu", Compare::cpu)
            .with("types", new Types())
            .with("streams", new StreamCost())
            .with("shards", Compare::shards)
            .with("spread", new SpreadCost())
            .with("log", new KeptCost())
            .with("latency", new ManyKeys(true))
            .with("memory", new ManyKeys(false))
            .with("turns", new LongestTurn())
            .with("start", new LoadTime())
            .with("snapshot", new SnapshotMemory())
            .with("idle", new Idle())
            .with("publish", new Publish())
            .with("allocation", new Allocation())
            .with("startup", new Startup())
            .with("flags", Compare::flags)
            .with("pauses", new GcPauses())
            // They compare us with ourselves.
            .onDemand("flags", "pauses")
            // Which fills the servers anyway, and reports their memory.
            .covered("memory", "latency");

    private Compare() {}

    public static void main(String[] args) {
        System.exit(SUITE.run(args));
    }

    private static void cpu(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.redis(workplace, "Redis again"));
            servers.add(Server.store(workplace, "epoll", 1, "epoll", options.jvm()));
            servers.add(Server.store(workplace, "io_uring", 1, "io_uring", options.jvm()));
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.ALL);
            report.section("Server CPU per operation, and throughput (`cpu`)", """
                    One shard, 50 connections, 64-byte values; in bold the ratio to Redis of CPU per operation.""");
            MarkdownTable table = table(servers, "A/A noise");
            all.forEach((load, figures) -> {
                List<String> cells = cells(load, figures);
                double noise = figures.get(1).cpuNoise(figures.get(0));
                cells.add(Statistics.digits(100 * noise) + " %");
                table.row(cells.toArray(String[]::new));
                for (int i = 2; i < servers.size(); i++) {
                    double ratio = figures.get(i).cpuRatio(figures.get(0));
                    double most = load.pipeline() == 1 ? 0.90 : 0.45;
                    report.goal("CPU per " + load + ", " + servers.get(i).name(), ratio, most, " of Redis");
                }
            });
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void shards(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.store(workplace, "1 shard", 1, options.transport(), options.jvm()));
            servers.add(Server.store(workplace, "2 shards on one CPU", 2, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, "2 shards, " + variant.getKey(), 2, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.PIPELINED);
            report.section("Two shards on one CPU (`shards`)", "Half of the keys belong to the other shard: what a"
                    + " foreign key costs. Transport: " + servers.get(0).transport() + ".");
            MarkdownTable table = table(servers);
            all.forEach((load, figures) -> {
                table.row(cells(load, figures).toArray(String[]::new));
                report.goal("CPU per " + load + ", two shards on one CPU", figures.get(1).cpuRatio(figures.get(0)), 1.3,
                        " of one shard");
            });
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void flags(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.store(workplace, "as is", 1, options.transport(), options.jvm()));
            servers.add(Server.store(workplace, "as is, again", 1, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, variant.getKey(), 1, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.ALL);
            report.section("Flags of the JVM (`flags`)", "Each against the flags above; transport: "
                    + servers.get(0).transport() + ".");
            options.vary().forEach((name, flags) -> report.line("- " + name + ": `" + String.join(" ", flags) + "`"));
            report.line("");
            MarkdownTable table = table(servers);
            all.forEach((load, figures) -> table.row(cells(load, figures).toArray(String[]::new)));
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    static MarkdownTable table(List<Server> servers, String... more) {
        List<String> heads = new ArrayList<>(List.of(""));
        servers.forEach(server -> heads.add(server.name()));
        heads.addAll(List.of(more));
        return new MarkdownTable(heads.toArray(String[]::new));
    }

    static List<String> cells(Object load, List<Throughput.Figures> figures) {
        List<String> cells = new ArrayList<>(List.of(load.toString()));
        cells.add(figures.get(0).toString());
        for (Throughput.Figures other : figures.subList(1, figures.size())) {
            cells.add(other + ", **" + Statistics.digits(other.cpuRatio(figures.get(0))) + "**");
        }
        return cells;
    }
}
