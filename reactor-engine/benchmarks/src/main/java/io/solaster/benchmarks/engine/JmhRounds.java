package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs JMH benchmarks in turn: each round runs every one of them once, in a JVM of its own. */
final class JmhRounds {
    /** The log is quiet, since each of many engines would tell of its start. */
    private static final List<String> FLAGS = List.of("--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-Dsolaster.log=ERROR");

    private final Options options;
    private final List<Figures> all = new ArrayList<>();

    JmhRounds(Options options) {
        this.options = options;
        // Another run in this folder, if there is one, is shown by the noise.
        System.setProperty("jmh.ignoreLock", "true");
    }

    /** Nanoseconds of one benchmark by round. */
    static final class Figures {
        private final String benchmark;
        private final String[] parameters;
        private final double[] nanos;

        Figures(String benchmark, String[] parameters, int rounds) {
            this.benchmark = benchmark;
            this.parameters = parameters;
            this.nanos = new double[rounds];
        }

        double median() {
            return Statistics.median(nanos);
        }

        /** Millions a second. */
        double millions() {
            return 1000 / median();
        }

        /** How many times as long it takes. */
        double ratio(Figures base) {
            return Statistics.ratio(nanos, base.nanos);
        }

        double noise(Figures again) {
            return Statistics.noise(again.nanos, nanos);
        }

        /** Nanoseconds that it takes longer. */
        double above(Figures base) {
            double[] differences = new double[nanos.length];
            for (int i = 0; i < differences.length; i++) {
                differences[i] = nanos[i] - base.nanos[i];
            }
            return Statistics.median(differences);
        }
    }

    /**
     * Adds a benchmark; one that is added twice is measured twice.
     *
     * @param parameters name=value
     */
    Figures add(Class<?> type, String method, String... parameters) {
        Figures figures = new Figures(type.getName() + "." + method, parameters, options.rounds());
        all.add(figures);
        return figures;
    }

    /** Measures all that was added. */
    void run() throws IOException {
        for (int round = 0; round < options.rounds(); round++) {
            Report.progress("round " + (round + 1) + " of " + options.rounds());
            for (Figures figures : all) {
                figures.nanos[round] = run(figures);
            }
        }
    }

    private double run(Figures figures) throws IOException {
        ChainedOptionsBuilder builder = new OptionsBuilder()
                .include("^" + figures.benchmark.replace(".", "\\.") + "$")
                .forks(1)
                .warmupIterations(3)
                .warmupTime(TimeValue.milliseconds(options.quick() ? 100 : 500))
                .measurementIterations(2)
                .measurementTime(TimeValue.milliseconds(options.quick() ? 50 : 300))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .jvmArgs(options.jvmWith(FLAGS).toArray(String[]::new));
        for (String parameter : figures.parameters) {
            int equals = parameter.indexOf('=');
            builder.param(parameter.substring(0, equals), parameter.substring(equals + 1));
        }
        try {
            Collection<RunResult> results = new Runner(builder.build()).run();
            return results.iterator().next().getPrimaryResult().getScore();
        } catch (RunnerException e) {
            throw new IOException(figures.benchmark + " " + String.join(" ", figures.parameters) + ": " + e, e);
        }
    }
}
