package io.solaster.benchmarks.engine;

import java.time.InstantSource;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.env.Environment;
import io.solaster.engine.env.TimeSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What time and chance cost through an environment, each beside the JDK's own. None allocates. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class EnvironmentBenchmark {
    private final Environment environment = Environment.SYSTEM;
    private final TimeSource clock = environment.clock();
    private final InstantSource wallClock = environment.wallClock();

    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    @Benchmark
    public long nanoTimeOfAKeptClock() {
        return clock.nanoTime();
    }

    @Benchmark
    public long nanoTimeOfTheEnvironment() {
        return environment.clock().nanoTime();
    }

    @Benchmark
    public long currentTimeMillis() {
        return System.currentTimeMillis();
    }

    @Benchmark
    public long millisOfAKeptWallClock() {
        return wallClock.millis();
    }

    @Benchmark
    public long random() {
        return ThreadLocalRandom.current().nextLong();
    }

    @Benchmark
    public long randomOfTheEnvironment() {
        return environment.random().nextLong();
    }
}
