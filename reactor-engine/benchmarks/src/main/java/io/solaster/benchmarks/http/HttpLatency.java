package io.solaster.benchmarks.http;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.load.Load;
import io.solaster.load.LoadReport;

/** Latency beside each peer, at half of what that can do. */
final class HttpLatency {
    private static final Wrk.Load LOAD = new Wrk.Load("/plaintext", 64, 1);

    private final Workplace workplace;
    private final HttpServers servers;
    private final int rounds;
    private final Duration length;

    HttpLatency(Workplace workplace, HttpServers servers) {
        this.workplace = workplace;
        this.servers = servers;
        this.rounds = workplace.options().rounds();
        this.length = Duration.ofMillis(workplace.options().quick() ? 600 : 2500);
    }

    /**
     * Measures.
     *
     * @param again the peer that runs twice; the noise is taken by asking each peer twice, so that one is left out
     */
    void run(String ours, String again, Report report) throws IOException, InterruptedException {
        Wrk wrk = new Wrk(workplace);
        int seconds = workplace.options().quick() ? 1 : 3;
        servers.warmUp(LOAD, server -> wrk.run(server, LOAD, seconds));
        HttpFigures peaks = servers.rounds(1, "peak of " + LOAD, server -> wrk.run(server, LOAD, seconds));
        MarkdownTable table = new MarkdownTable("", "requests/s", "p99", "ours", "ratio", "p99.9", "ours", "A/A");
        for (HttpProcess peer : servers.all()) {
            if (!peer.name().equals(ours) && !peer.name().equals(again)) {
                beside(peer, servers.get(ours), peaks.perSecond(peer.name()) / 2, report, table);
            }
        }
        report.section("Latency at half of each peer's peak (`latency`)", "`/plaintext` on 64 connections, both at"
                + " the same rate; µs from when a request was due.");
        report.table(table);
    }

    private void beside(HttpProcess peer, HttpProcess ours, double rate, Report report, MarkdownTable table)
            throws IOException {
        double[][] p99 = new double[3][rounds];
        double[][] p999 = new double[3][rounds];
        List<HttpProcess> turns = List.of(peer, ours, peer);
        // The first round warms up.
        for (int round = -1; round < rounds; round++) {
            Report.progress("beside " + peer.name() + ", " + Math.round(rate) + " requests/s, round " + (round + 1)
                    + " of " + rounds);
            for (int i = 0; i < turns.size(); i++) {
                // Each is the first as often: what comes first in a round meets another machine than what comes after it.
                int turn = Math.floorMod(round + i, turns.size());
                LoadReport result = offer(turns.get(turn), rate, length.dividedBy(6),
                        round < 0 ? length.dividedBy(2) : length, round);
                if (round >= 0) {
                    p99[turn][round] = result.nanosAt(99) / 1000.0;
                    p999[turn][round] = result.nanosAt(99.9) / 1000.0;
                }
            }
        }
        double ratio = Statistics.ratio(p99[1], p99[0]);
        double noise = Statistics.noise(p99[2], p99[0]);
        table.row(peer.name(), Long.toString(Math.round(rate)), micros(p99[0]), micros(p99[1]),
                Statistics.digits(ratio), micros(p999[0]), micros(p999[1]), Statistics.digits(100 * noise) + " %");
        report.atMost("p99 at half of the peak of " + peer.name(), ratio, 1, " of its", noise);
    }

    private static LoadReport offer(HttpProcess server, double rate, Duration warmUp, Duration length, int seed)
            throws IOException {
        LoadReport report = Load.of("http://127.0.0.1:" + server.port() + LOAD.path()).connections(LOAD.connections())
                .spinning(true).poisson(rate).warmUp(warmUp).lasting(length).seed(seed).run();
        if (report.failed() > 0) {
            throw new IOException(server.name() + " failed requests: " + report.errors());
        }
        return report;
    }

    private static String micros(double[] values) {
        return Statistics.digits(Statistics.median(values)) + " µs";
    }
}
