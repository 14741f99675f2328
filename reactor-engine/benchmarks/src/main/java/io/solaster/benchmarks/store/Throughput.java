package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/**
 * CPU per operation and throughput of several servers on one CPU, in turn. The first is what the others are compared
 * with; if the second is of its kind, the distance of the two is the noise.
 */
final class Throughput {
    private static final int PIPELINE = 16;
    private static final int UNPIPELINED_SHARE = 7;
    private static final double FEWEST_HITS = 0.99;

    /** What is sent. */
    record Load(String command, int pipeline) {

        @Override
        public String toString() {
            return command + ", " + (pipeline == 1 ? "no pipeline" : "pipeline " + pipeline);
        }
    }

    static final List<Load> PIPELINED = List.of(new Load("SET", PIPELINE), new Load("GET", PIPELINE));
    static final List<Load> ALL = List.of(new Load("SET", PIPELINE), new Load("GET", PIPELINE), new Load("SET", 1),
            new Load("GET", 1));

    private final Options options;
    private final RedisBenchmark benchmark;

    Throughput(Workplace workplace) {
        this.options = workplace.options();
        this.benchmark = new RedisBenchmark(workplace);
    }

    /** The rounds of one server under one load. */
    static final class Figures {
        private final double[] cpuMicros;
        private final double[] perSecond;

        Figures(int rounds) {
            cpuMicros = new double[rounds];
            perSecond = new double[rounds];
        }

        void add(int round, RedisBenchmark.Run run) {
            cpuMicros[round] = run.cpuMicros();
            perSecond[round] = run.perSecond();
        }

        double rateRatio(Figures base) {
            return Statistics.ratio(perSecond, base.perSecond);
        }

        double rateNoise(Figures base) {
            return Statistics.noise(perSecond, base.perSecond);
        }

        double cpuRatio(Figures base) {
            return Statistics.ratio(cpuMicros, base.cpuMicros);
        }

        double cpuNoise(Figures base) {
            return Statistics.noise(cpuMicros, base.cpuMicros);
        }

        @Override
        public String toString() {
            return Statistics.digits(Statistics.median(cpuMicros)) + " µs, "
                    + Statistics.digits(Statistics.median(perSecond) / 1000) + " k/s";
        }
    }

    /** Measures; the figures stand in the order of the servers. */
    Map<Load, List<Figures>> run(List<Server> servers, List<Load> loads) throws IOException, InterruptedException {
        Requests requests = new Requests(RedisBenchmark.VALUE_BYTES);
        for (Server server : servers) {
            try (RespClient client = server.connect()) {
                client.preload(requests, options.keys());
            }
        }
        Report.progress("warming up");
        for (int i = 0; i < 2; i++) {
            for (Load load : loads) {
                for (Server server : servers) {
                    if (server.isOurs()) {
                        benchmark.run(server, load.command(), load.pipeline(), options.keys(), count(load));
                    }
                }
            }
        }
        Map<Load, List<Figures>> all = new LinkedHashMap<>();
        for (Load load : loads) {
            all.put(load, run(servers, load));
        }
        return all;
    }

    private List<Figures> run(List<Server> servers, Load load) throws IOException, InterruptedException {
        int rounds = options.rounds();
        List<Figures> figures = new ArrayList<>();
        servers.forEach(server -> figures.add(new Figures(rounds)));
        for (int round = 0; round < rounds; round++) {
            Report.progress(load + ", round " + (round + 1) + " of " + rounds);
            for (int i = 0; i < servers.size(); i++) {
                Server server = servers.get(i);
                Server.Counts before = server.counts();
                RedisBenchmark.Run run = benchmark.run(server, load.command(), load.pipeline(), options.keys(),
                        count(load));
                figures.get(i).add(round, run);
                double hits = server.counts().hitRate(before);
                if (load.command().equals("GET") && !(hits >= FEWEST_HITS)) {
                    throw new IOException(server.name() + " found only " + Statistics.digits(100 * hits)
                            + " % of the keys: the comparison would not be fair");
                }
            }
        }
        return figures;
    }

    private long count(Load load) {
        return load.pipeline() == 1
                ? Math.max(RedisBenchmark.CONNECTIONS, options.requests() / UNPIPELINED_SHARE)
                : options.requests();
    }
}
