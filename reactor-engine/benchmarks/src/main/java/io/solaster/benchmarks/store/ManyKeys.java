package io.solaster.benchmarks.store;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.load.Load;
import io.solaster.load.LoadReport;
import io.solaster.load.protocol.Keys;
import io.solaster.load.protocol.Resp;
import io.solaster.load.protocol.Resp.Command;
import io.solaster.load.protocol.Target;

/**
 * Latency at an offered rate, and memory per key, of servers that hold many keys.
 */
final class ManyKeys implements Measure {
    private static final Map<Command, Integer> MIX = Map.of(Command.GET, 9, Command.SET, 1);
    private static final double[] PERCENTILES = {50, 99, 99.9, 100};
    private static final List<String> NAMES = List.of("p50", "p99", "p99.9", "max");
    private static final long PEAK_REQUESTS_SHARE = 3;
    private static final long SEED = 20_26;

    private final boolean withLatency;

    ManyKeys(boolean withLatency) {
        this.withLatency = withLatency;
    }

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        try (Server redis = Server.redis(workplace, "Redis");
                Server ours = Server.store(workplace, "us", 1, options.transport(), options.jvm())) {
            double theirs = bytesPerKey(redis, options);
            double own = bytesPerKey(ours, options);
            report.section("Memory per key (`memory`)", options.manyKeys()
                    + " keys of 16 bytes with values of 64: growth of the process's resident memory.");
            report.table(new MarkdownTable("", "Redis", "us", "ratio")
                    .row("bytes per key", Statistics.digits(theirs), Statistics.digits(own),
                            Statistics.digits(own / theirs)));
            report.goal("memory per key", own / theirs, 0.70, " of Redis");
            if (withLatency) {
                try (Engine generator = Engine.start(generator(options))) {
                    latency(workplace, report, redis, ours, generator);
                }
            }
        }
    }

    private static double bytesPerKey(Server server, Options options) throws IOException {
        Report.progress("filling " + server.name() + " with " + options.manyKeys() + " keys");
        long before = server.residentBytes();
        try (RespClient client = server.connect()) {
            client.preload(new Requests(RedisBenchmark.VALUE_BYTES), options.manyKeys());
        }
        return (double) (server.residentBytes() - before) / options.manyKeys();
    }

    /** One shard, which spins, unless it preempts all others: such a thread is stopped by the kernel, 50 ms in a second. */
    private static EngineConfig generator(Options options) {
        IdleConfig.Policy policy = options.realtime() ? IdleConfig.Policy.PARK : IdleConfig.Policy.SPIN;
        return EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER)
                .withIdle(new IdleConfig(policy, Duration.ofDays(1), Duration.ZERO));
    }

    private static void latency(Workplace workplace, Report report, Server redis, Server ours, Engine generator)
            throws IOException, InterruptedException {
        Options options = workplace.options();
        RedisBenchmark benchmark = new RedisBenchmark(workplace);
        double[] peaks = new double[3];
        for (int i = 0; i < peaks.length; i++) {
            peaks[i] = benchmark.run(redis, "GET", 1, options.manyKeys(),
                    Math.max(1000, options.requests() / PEAK_REQUESTS_SHARE)).perSecond();
        }
        double rate = Statistics.median(peaks) / 2;
        Duration length = Duration.ofSeconds(options.seconds());
        Duration warmUp = Duration.ofSeconds(Math.max(1, options.seconds() / 5));
        List<Server> turns = List.of(redis, ours, redis);
        double[][][] values = new double[turns.size()][PERCENTILES.length][options.rounds()];
        double[][] cpu = new double[turns.size()][options.rounds()];
        double[][] lateness = new double[turns.size()][options.rounds()];
        for (Server server : List.of(redis, ours)) {
            Report.progress("warming up " + server.name() + " at " + Math.round(rate) + " requests/s");
            offer(generator, server, options, rate, Duration.ZERO, length, 0);
        }
        if (options.realtime()) {
            workplace.realtime(redis.servingThreads());
            workplace.realtime(ours.servingThreads());
            workplace.realtime(generator.submitToAll(_ -> Integer.toString(CpuAffinity.threadId())).join());
        }
        for (int round = 0; round < options.rounds(); round++) {
            Report.progress("latency, round " + (round + 1) + " of " + options.rounds());
            for (int turn = 0; turn < turns.size(); turn++) {
                Server server = turns.get(turn);
                long before = server.cpuNanos();
                LoadReport result = offer(generator, server, options, rate, warmUp, length, round + 1);
                cpu[turn][round] = (server.cpuNanos() - before) / 1000.0
                        / (rate * (length.toMillis() + warmUp.toMillis()) / 1000);
                lateness[turn][round] = result.lateness().getValueAtPercentile(99.9) / 1000.0;
                for (int i = 0; i < PERCENTILES.length; i++) {
                    values[turn][i][round] = result.nanosAt(PERCENTILES[i]) / 1000.0;
                }
            }
        }
        report.section("Latency at an equal offered rate (`latency`)", Math.round(rate) + " requests/s, half of Redis's"
                + " peak without a pipeline; 90 % GET, 10 % SET over " + options.manyKeys() + " keys on "
                + RedisBenchmark.CONNECTIONS + " connections; µs from when a request was due; medians of "
                + options.rounds() + " rounds of " + options.seconds() + " s. Transport: " + ours.transport() + "."
                + (options.realtime() ? " Serving threads and the generator preempt the rest of the machine." : ""));
        MarkdownTable table = new MarkdownTable("", "Redis", "us", "ratio", "A/A noise");
        for (int i = 0; i < PERCENTILES.length; i++) {
            double ratio = Statistics.ratio(values[1][i], values[0][i]);
            table.row(NAMES.get(i), micros(values[0][i]), micros(values[1][i]), Statistics.digits(ratio),
                    Statistics.digits(100 * Statistics.noise(values[2][i], values[0][i])) + " %");
            if (NAMES.get(i).startsWith("p99")) {
                report.goal(NAMES.get(i) + " at half of Redis's peak", ratio, 1, " of Redis");
            }
        }
        table.row("server CPU per request", micros(cpu[0]), micros(cpu[1]),
                Statistics.digits(Statistics.ratio(cpu[1], cpu[0])),
                Statistics.digits(100 * Statistics.noise(cpu[2], cpu[0])) + " %");
        table.row("the generator's own lateness, p99.9", micros(lateness[0]), micros(lateness[1]), "", "");
        report.table(table);
    }

    private static String micros(double[] values) {
        return Statistics.digits(Statistics.median(values));
    }

    private static LoadReport offer(Engine generator, Server server, Options options, double rate, Duration warmUp,
            Duration length, int round) throws IOException {
        Resp commands = Resp.DEFAULTS.withMix(MIX).withKeys(Keys.uniform(options.manyKeys()))
                .withValueBytes(RedisBenchmark.VALUE_BYTES).withMissesFailing();
        LoadReport report = Load.of(Target.of("redis://127.0.0.1:" + server.port()).withProtocol(commands))
                .on(generator).connections(RedisBenchmark.CONNECTIONS).poisson(rate).warmUp(warmUp).lasting(length)
                .seed(SEED + round).run();
        if (report.failed() > 0) {
            throw new IOException(server.name() + " failed requests: " + report.errors());
        }
        return report;
    }
}
