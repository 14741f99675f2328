package io.solaster.pool.upstream;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Outcome;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import io.solaster.pool.discovery.Discovery;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Chooses among 100 endpoints that have requests under way and latencies of their own: {@code choose} alone, and with
 * the request's begin and end, which is all that an upstream costs a request.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ChooseBenchmark {
    @Param({"ROUND_ROBIN", "WEIGHTED_ROUND_ROBIN", "RANDOM", "LEAST_CONNECTIONS", "POWER_OF_TWO", "PEAK_EWMA",
            "RING_HASH", "MAGLEV"})
    public Algorithm algorithm;
    @Param("100")
    public int endpoints;
    /** Whether weights differ: 1 and 2. */
    @Param("false")
    public boolean weighted;

    private Engine engine;
    private Timers timers;
    private long now;
    private ShardUpstream shard;
    private long key;
    private int sinceTick;

    @Setup
    public void start() {
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), new ManualClock());
        List<Endpoint> members = IntStream.range(0, endpoints).mapToObj(i -> new Endpoint("e" + i, 80,
                (weighted || algorithm == Algorithm.WEIGHTED_ROUND_ROBIN) && i % 2 == 0 ? 2 : 1, 0, null, -1)).toList();
        Upstream upstream = Upstreams.start(engine, "benchmark",
                PoolConfig.of(PoolConfig.Protocol.RESP).withBalancing(BalancingConfig.of(algorithm)),
                Discovery.of(members));
        SplittableRandom random = new SplittableRandom(1);
        shard = engine.submitTo(0, () -> {
            ShardUpstream local = upstream.local();
            for (int i = 0; i < 50 * endpoints; i++) {
                Target target = local.choose(random.nextLong());
                target.begin();
                if (random.nextInt(10) > 0) {
                    target.end(Outcome.SUCCESS, 1_000_000 + random.nextInt(100_000));
                }
            }
            timers = Shard.current().timers();
            return local;
        }).join();
        // From here on the shard sleeps, and this thread stands in for it.
    }

    @TearDown
    public void stop() {
        engine.close();
    }

    @Benchmark
    public Target choose() {
        return shard.choose(key++);
    }

    @Benchmark
    public Target request() {
        Target target = shard.choose(key++);
        target.begin();
        target.end(Outcome.SUCCESS, 1_000_000 + (key & 0xFFFF));
        return target;
    }

    /** As {@link #request}, with sixteen requests to a turn of 10 us. */
    @Benchmark
    public Target requestsOfTurns() {
        if (++sinceTick == 16) {
            sinceTick = 0;
            timers.advance(now += 10_000);
        }
        return request();
    }
}
