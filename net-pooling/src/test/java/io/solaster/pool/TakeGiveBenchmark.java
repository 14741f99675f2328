package io.solaster.pool;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.pool.AbstractChannelPoolHandler;
import io.netty.channel.pool.FixedChannelPool;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericObjectPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import reactor.core.publisher.Mono;
import reactor.pool.InstrumentedPool;
import reactor.pool.PoolBuilder;
import reactor.pool.PooledRef;

/**
 * Takes an idle connection and gives it back. Threads are threads of the application: one shard each where it runs on
 * shards, all on one pool where that is shared. Run it with {@code -t 1} and {@code -t 2}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"-Xmx256m", "-XX:+UseSerialGC"})
public class TakeGiveBenchmark {
    private static final int BATCH = 100_000;

    private final AtomicInteger next = new AtomicInteger();
    private Engine engine;
    private Backend backend;
    private Upstream upstream;
    private ConnectionPool<Line> exclusive;
    private ConnectionPool<Line> shared;
    private Upstream sharedUpstream;
    private final FixedChannelPool[] channels = new FixedChannelPool[2];
    private GenericObjectPool<Object> commons;
    private InstrumentedPool<Object> reactor;

    @Setup(Level.Trial)
    public void setUp() {
        engine = TestEngines.start(Transport.EPOLL, 2);
        backend = Backend.start(engine, "backend");
        PoolConfig config = PoolConfig.of(PoolConfig.Protocol.TCP)
                .withBalancing(BalancingConfig.of(Algorithm.ROUND_ROBIN));
        upstream = Upstreams.start(engine, "exclusive", config, Discovery.of(List.of(backend.endpoint())));
        sharedUpstream = Upstreams.start(engine, "shared", config, Discovery.of(List.of(backend.endpoint())));
        Connector connector = Connectors.of(engine, config, Rig::resolve, null);
        exclusive = ConnectionPools.start(engine, "exclusive", config, new Lines(false), upstream, connector);
        shared = ConnectionPools.start(engine, "shared", config, new Lines(true), sharedUpstream, connector);
        for (int shard = 0; shard < 2; shard++) {
            warm(exclusive, shard);
            warm(shared, shard);
            Bootstrap bootstrap = new Bootstrap().group(engine.shard(shard))
                    .channelFactory(engine.transport().clientChannels()::get)
                    .remoteAddress("127.0.0.1", backend.port());
            channels[shard] = new FixedChannelPool(bootstrap, new AbstractChannelPoolHandler() {
                @Override
                public void channelCreated(Channel channel) {}
            }, 16);
            FixedChannelPool pool = channels[shard];
            Channel channel = pool.acquire().syncUninterruptibly().getNow();
            pool.release(channel).syncUninterruptibly();
        }
        commons = new GenericObjectPool<>(new BasePooledObjectFactory<>() {
            @Override
            public Object create() {
                return new Object();
            }

            @Override
            public PooledObject<Object> wrap(Object object) {
                return new DefaultPooledObject<>(object);
            }
        });
        reactor = PoolBuilder.from(Mono.fromSupplier(Object::new)).sizeBetween(0, 16).buildPool();
    }

    private void warm(ConnectionPool<Line> pool, int shard) {
        Line line = TestEngines.await(engine, shard, () -> pool.local().take(0, null, Duration.ofSeconds(30)));
        TestEngines.on(engine, shard, () -> {
            pool.local().give(line);
            return null;
        });
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        exclusive.close();
        shared.close();
        engine.close();
    }

    /** A thread of the application, which has a shard of its own. */
    @State(Scope.Thread)
    public static class Requester {
        private int shard;

        @Setup(Level.Trial)
        public void setUp(TakeGiveBenchmark benchmark) {
            shard = benchmark.next.getAndIncrement() % 2;
        }
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int solasterExclusive(Requester caller) {
        return TestEngines.on(engine, caller.shard, () -> takeAndGive(exclusive.local()));
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int solasterShared(Requester caller) {
        return TestEngines.on(engine, caller.shard, () -> takeAndGive(shared.local()));
    }

    private static int takeAndGive(ShardPool<Line> pool) {
        int taken = 0;
        for (int i = 0; i < BATCH; i++) {
            Line line = pool.tryTake(i);
            if (line == null) {
                throw new IllegalStateException("nothing is idle");
            }
            taken++;
            pool.give(line);
        }
        return taken;
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int nettyFixedChannelPool(Requester caller) {
        FixedChannelPool pool = channels[caller.shard];
        return TestEngines.on(engine, caller.shard, () -> {
            int taken = 0;
            for (int i = 0; i < BATCH; i++) {
                Channel channel = pool.acquire().getNow();
                taken += channel == null ? 0 : 1;
                pool.release(channel);
            }
            return taken;
        });
    }

    @Benchmark
    public Object commonsPool2() throws Exception {
        Object object = commons.borrowObject();
        commons.returnObject(object);
        return object;
    }

    @Benchmark
    public Object reactorPool() {
        PooledRef<Object> ref = reactor.acquire().block();
        Object object = ref.poolable();
        ref.release().block();
        return object;
    }
}
