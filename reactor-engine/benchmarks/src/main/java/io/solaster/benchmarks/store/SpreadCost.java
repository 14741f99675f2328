package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Workplace;

/** What it costs that one step has keys of two shards: MSET of 10, and EXEC of 4 SETs. */
final class SpreadCost implements Measure {
    private static final double MOST = 2;
    private static final int SHARE = 8;
    private static final int[] AT_ONCE = {1, 16};

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.store(workplace, "1 shard", 1, options.transport(), options.jvm()));
            servers.add(Server.store(workplace, "2 shards on one CPU", 2, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, "2 shards, " + variant.getKey(), 2, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.store(workplace, "1 shard again", 1, options.transport(), options.jvm()));
            report.section("One step over two shards (`spread`)", "The first half of the keys lies on one shard, the"
                    + " second on the other; both shards have one CPU. " + RedisBenchmark.CONNECTIONS
                    + " connections, values of " + RedisBenchmark.VALUE_BYTES
                    + " bytes; CPU per step and throughput, in bold the ratio to one shard of CPU. Transport: "
                    + servers.get(0).transport() + ".");
            MarkdownTable table = Compare.table(servers);
            for (boolean exec : new boolean[]{false, true}) {
                for (int atOnce : AT_ONCE) {
                    row(table, report, options, servers, exec, atOnce);
                }
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void row(MarkdownTable table, Report report, Options options, List<Server> servers, boolean exec,
            int atOnce) throws IOException {
        String name = (exec ? "EXEC of 4 SET" : "MSET of 10")
                + (atOnce == 1 ? ", no pipeline" : ", pipeline " + atOnce);
        long steps = Math.max(RedisBenchmark.CONNECTIONS * (long) atOnce,
                options.requests() / (atOnce == 1 ? 2 * SHARE : SHARE));
        List<Throughput.Figures> figures = new ArrayList<>();
        List<StepLoad> loads = new ArrayList<>();
        try {
            for (Server server : servers) {
                figures.add(new Throughput.Figures(options.rounds()));
                StepLoad load = new StepLoad(server.port(), exec, atOnce, options.keys());
                loads.add(load);
                load.run(2 * steps);
            }
            for (int round = 0; round < options.rounds(); round++) {
                Report.progress(name + ", round " + (round + 1) + " of " + options.rounds());
                for (int i = 0; i < loads.size(); i++) {
                    long before = servers.get(i).cpuNanos();
                    long start = System.nanoTime();
                    long done = loads.get(i).run(steps);
                    double seconds = (System.nanoTime() - start) / 1e9;
                    double micros = (servers.get(i).cpuNanos() - before) / 1000.0 / done;
                    figures.get(i).add(round, new RedisBenchmark.Run(micros, done / seconds));
                }
            }
        } finally {
            for (StepLoad load : loads) {
                load.close();
            }
        }
        table.row(Compare.cells(name, figures).toArray(String[]::new));
        report.atMost("CPU per " + name + ", two shards", figures.get(1).cpuRatio(figures.get(0)), MOST,
                " of one shard", figures.getLast().cpuNoise(figures.get(0)));
    }
}
