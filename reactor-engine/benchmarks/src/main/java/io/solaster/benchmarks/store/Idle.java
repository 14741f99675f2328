package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** What a server costs that has connections and nothing to do. */
final class Idle implements Measure {
    private static final int CONNECTIONS = 100;
    private static final long SETTLE_MILLIS = 2_000;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        report.section("Idle (`idle`)", CONNECTIONS + " connections without traffic, over " + options.seconds()
                + " s, in % of one core.");
        MarkdownTable table = new MarkdownTable("server", "CPU");
        try (Server redis = Server.redis(workplace, "Redis")) {
            table.row(redis.name(), Statistics.digits(percent(redis, options)) + " %");
        }
        for (String transport : List.of("epoll", "io_uring", "nio")) {
            try (Server server = Server.store(workplace, transport, 1, transport, options.jvm())) {
                double percent = percent(server, options);
                table.row(server.name(), Statistics.digits(percent) + " %");
                report.goal("idle with " + CONNECTIONS + " connections, " + transport, percent, 1, " % of a core");
            }
        }
        report.table(table);
    }

    private static double percent(Server server, Options options) throws IOException, InterruptedException {
        List<RespClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                RespClient client = server.connect();
                clients.add(client);
                client.ask("PING");
            }
            Thread.sleep(SETTLE_MILLIS);
            long start = System.nanoTime();
            long before = server.cpuNanos();
            Thread.sleep(options.seconds() * 1000L);
            long used = server.cpuNanos() - before;
            return 100.0 * used / (System.nanoTime() - start);
        } finally {
            for (RespClient client : clients) {
                client.close();
            }
        }
    }
}
