package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** Heap bytes that the shards' threads allocate per command, counted by the JVM of a running server. */
final class Allocation implements Measure {

    private static final double MOST_BYTES = 16;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        RedisBenchmark benchmark = new RedisBenchmark(workplace);
        report.section("Allocation (`allocation`)", """
                Heap bytes per command on the shards' threads. With two shards, half of the keys are foreign; \
                `CommandBenchmark` tells own and foreign keys apart.""");
        MarkdownTable table = new MarkdownTable("", "transport", "shards", "bytes per command", "foreign");
        for (String transport : List.of("epoll", "io_uring")) {
            double mostPipelined = 0;
            double mostUnpipelined = 0;
            for (int shards = 1; shards <= 2; shards++) {
                try (Server server = Server.store(workplace, transport + "-" + shards, shards, transport,
                        options.jvm())) {
                    try (RespClient client = server.connect()) {
                        client.preload(new Requests(RedisBenchmark.VALUE_BYTES), options.keys());
                    }
                    for (Throughput.Load load : Throughput.ALL) {
                        long count = load.pipeline() == 1 ? options.requests() / 7 : options.requests();
                        // What is not compiled yet allocates more.
                        for (int i = 0; i < 2; i++) {
                            benchmark.run(server, load.command(), load.pipeline(), options.keys(), count);
                        }
                        Server.Counts before = server.counts();
                        benchmark.run(server, load.command(), load.pipeline(), options.keys(), count);
                        Server.Counts after = server.counts();
                        double commands = after.commands() - before.commands();
                        double bytes = (after.allocated() - before.allocated()) / commands;
                        double foreign = (after.foreign() - before.foreign()) / commands;
                        table.row(load.toString(), transport, Integer.toString(shards), Statistics.digits(bytes),
                                Statistics.digits(100 * foreign) + " %");
                        if (load.pipeline() == 1) {
                            mostUnpipelined = Math.max(mostUnpipelined, bytes);
                        } else {
                            mostPipelined = Math.max(mostPipelined, bytes);
                        }
                    }
                }
            }
            report.goal("allocation per command, pipeline 16, " + transport, mostPipelined, MOST_BYTES, " B");
            report.goal("allocation per command, no pipeline, " + transport, mostUnpipelined, MOST_BYTES, " B");
        }
        report.table(table);
    }
}
