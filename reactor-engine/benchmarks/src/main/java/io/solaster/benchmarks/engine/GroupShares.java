package io.solaster.benchmarks.engine;

import java.io.IOException;

import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** How a shard divides its time between two groups that both want all of it. */
final class GroupShares implements Measure {
    private static final int ROUNDS = 3;
    private static final double MOST_PERCENT = 3;

    @Override
    public void run(Workplace workplace, Report report) throws IOException {
        Options options = workplace.options();
        long millis = options.quick() ? 500 : 2_000;
        int rounds = Math.min(options.rounds(), ROUNDS);
        double[] equal = new double[rounds];
        double[] ratios = new double[rounds];
        double[] uneven = new double[rounds];
        try (HostProcess host = new HostProcess(workplace, workplace.serverCpu(), 1, options.transport())) {
            host.ask("shares 300 500 20 500 20");
            for (int round = 0; round < rounds; round++) {
                equal[round] = ratio(host, "shares " + millis + " 500 20 500 20");
                ratios[round] = ratio(host, "shares " + millis + " 800 20 200 20");
                uneven[round] = ratio(host, "shares " + millis + " 800 10 200 100");
            }
        }
        double noise = Math.abs(Statistics.median(equal) - 1);
        report(report, "tasks of 20 µs in both", Statistics.median(ratios), noise);
        report(report, "tasks of 10 µs against 100 µs", Statistics.median(uneven), noise);
    }

    private static void report(Report report, String tasks, double ratio, double noise) {
        report.atMost("two CPU-bound groups at 800:200, " + tasks + ": " + Statistics.digits(ratio)
                + " : 1, which is off 4 : 1 by", 100 * Math.abs(ratio / 4 - 1), MOST_PERCENT, " %", noise);
    }

    private static double ratio(HostProcess host, String command) throws IOException {
        long[] nanos = host.ask(command);
        return (double) nanos[0] / nanos[1];
    }
}
