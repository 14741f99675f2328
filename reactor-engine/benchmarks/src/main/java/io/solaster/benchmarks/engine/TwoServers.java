package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.time.Duration;

import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.load.LoadReport;

/**
 * Whether a flood of one server harms another one on the same shard: the latency of one quiet connection, by itself, beside
 * a flood in another scheduling group, and beside the same flood in its own.
 */
final class TwoServers implements Measure {
    private static final double PERCENTILE = 99;
    /** Twice the task quota. */
    private static final double MOST_MICROS = 1_000;
    /** The critical server's, the flooded one's, and one that is flooded in the critical group. */
    private static final String[] GROUPS = {"critical", "background", "critical"};

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        int rounds = options.rounds();
        Duration length = Duration.ofMillis(options.quick() ? 1_000 : 3_000);
        double[] quiet = new double[rounds];
        double[] quietAgain = new double[rounds];
        double[] beside = new double[rounds];
        double[] among = new double[rounds];
        double[] worst = new double[rounds];
        double[] flood = new double[rounds];
        double[] lateness = new double[rounds];
        try (HostProcess host = new HostProcess(workplace, workplace.serverCpu(), 1, options.transport(), GROUPS);
                EchoClient client = new EchoClient(workplace, host.port(0));
                Flood background = new Flood(workplace, host.port(1));
                Flood sameGroup = new Flood(workplace, host.port(2))) {
            client.run(length);
            flooded(client, background, length);
            flooded(client, sameGroup, length);
            for (int round = 0; round < rounds; round++) {
                Report.progress("round " + (round + 1) + " of " + rounds);
                LoadReport alone = client.run(length);
                quiet[round] = micros(alone);
                lateness[round] = alone.lateness().getValueAtPercentile(PERCENTILE) / 1000.0;
                Result groups = flooded(client, background, length);
                quietAgain[round] = micros(client.run(length));
                Result none = flooded(client, sameGroup, length);
                beside[round] = micros(groups.report());
                worst[round] = groups.report().nanosAt(100) / 1000.0;
                flood[round] = groups.floodPerSecond() / 1000;
                among[round] = micros(none.report());
            }
        }
        double base = Statistics.median(quiet);
        double noise = Statistics.noise(quietAgain, quiet);
        String echo = "64-byte echo in 'critical', p99, ";
        report.figure(echo + "quiet (the generator's own lateness "
                + Statistics.digits(Statistics.median(lateness)) + " µs)", base, " µs", noise);
        report.figure(echo + "200 connections flood 'background' (" + Statistics.digits(Statistics.median(flood))
                + " k/s; slowest " + Statistics.digits(Statistics.median(worst)) + " µs)", Statistics.median(beside),
                " µs", noise);
        report.atMost("which is above the quiet one by", Statistics.median(beside) - base, MOST_MICROS, " µs", noise);
        report.figure(echo + "the same flood in 'critical' as well", Statistics.median(among), " µs", noise);
    }

    private record Result(LoadReport report, double floodPerSecond) {}

    private static Result flooded(EchoClient client, Flood flood, Duration length)
            throws IOException, InterruptedException {
        flood.start();
        try {
            Thread.sleep(length.dividedBy(10).toMillis());
            return new Result(client.run(length), flood.perSecond());
        } finally {
            flood.stop();
        }
    }

    private static double micros(LoadReport report) {
        return report.nanosAt(PERCENTILE) / 1000.0;
    }
}
