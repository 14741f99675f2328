package io.solaster.benchmarks.engine;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

import org.HdrHistogram.Histogram;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the load generator takes to record a latency, in a histogram as large as its own, of latencies far apart. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RecordingBenchmark {
    private static final long HIGHEST = 3_600_000_000_000L;
    private static final int LATENCIES = 1 << 12;

    private final Histogram histogram = new Histogram(1, HIGHEST, 3);
    /** From a microsecond to a second, as often in each decade. */
    private final long[] latencies = new SplittableRandom(1).doubles(LATENCIES)
            .mapToLong(u -> (long) Math.pow(10, 3 + 6 * u))
            .toArray();
    private int next;

    @Benchmark
    public void latency() {
        histogram.recordValue(Math.clamp(latencies[next++ & LATENCIES - 1], 1, HIGHEST));
    }
}
