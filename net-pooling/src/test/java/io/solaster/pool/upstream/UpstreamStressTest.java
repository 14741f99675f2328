package io.solaster.pool.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.Outcome;
import io.solaster.pool.Target;
import io.solaster.pool.TestEngines;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.discovery.Discovery;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Shards choose while members come and go, sicken and heal. */
class UpstreamStressTest {
    private static final int CHANGES = 100;
    private static final Logger LOG = (Logger) LoggerFactory.getLogger(Upstream.class);

    private Engine engine;
    private volatile Discovery.Listener discovery;

    /** Endpoints are ejected all the time. */
    @BeforeAll
    static void quiet() {
        LOG.setLevel(Level.ERROR);
    }

    @AfterAll
    static void loud() {
        LOG.setLevel(null);
    }

    @AfterEach
    void stop() {
        if (engine != null) {
            engine.close();
        }
    }

    private Upstream start(int shards, PoolConfig config, List<Endpoint> first) {
        engine = TestEngines.start(Transport.AUTO, shards);
        return Upstreams.start(engine, "stress", config, new Discovery() {
            @Override
            public String name() {
                return "test";
            }

            @Override
            public void start(Listener listener) {
                discovery = listener;
                listener.found(first);
            }

            @Override
            public void close() {}
        });
    }

    @ParameterizedTest
    @CsvSource({"2, PEAK_EWMA", "4, RING_HASH"})
    void everyRequestFindsSomebodyAndAfterAllIsQuietAllShardsAgree(int shards, Algorithm algorithm) {
        PoolHealthConfig nervous = Changed.with(PoolHealthConfig.defaults(), "outliers",
                new OutlierConfig(3, Duration.ofMillis(5), 10, 3, 1.5, 3, Duration.ofMillis(3),
                        Duration.ofMillis(20), 50),
                "breaker", new BreakerConfig(true, 50, 10, Duration.ofMillis(20), Duration.ofMillis(3), 2));
        BalancingConfig balancing = new BalancingConfig(algorithm, Duration.ofMillis(10), null, false, 1.25,
                Duration.ofSeconds(1), null);
        Upstream upstream = start(shards,
                Changed.with(PoolConfig.of(PoolConfig.Protocol.HTTP).withBalancing(balancing), "health", nervous),
                members(1, 5));
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> trouble = new AtomicReference<>();
        List<ShardFuture<Long>> workers = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            Worker worker = new Worker(upstream, shard, stop, trouble);
            workers.add(TestEngines.get(engine.submitTo(shard, worker::start)));
        }
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < CHANGES; i++) {
            discovery.found(members(random.nextInt(1, 5), random.nextInt(1, 8)));
            if (i % 10 == 0) {
                TestEngines.get(upstream.drain("e5:80"));
                TestEngines.get(upstream.status());
                TestEngines.get(upstream.readmit("e5:80"));
            }
        }
        discovery.found(members(1, 6));
        TestEngines.until("all shards know the last members", () -> agree(upstream, members(1, 6)));
        stop.set(true);
        long requests = workers.stream().mapToLong(TestEngines::get).sum();
        assertThat(trouble.get()).isNull();
        assertThat(requests).isPositive();
        TestEngines.until("all are well again", () -> upstream.state() == UpstreamState.HEALTHY);
        TestEngines.until("all are asked again", () -> engine.shards().stream().allMatch(shard -> {
            Set<String> chosen = TestEngines.on(engine, shard.id(), () -> {
                List<Target> asked = new ArrayList<>();
                for (int key = 0; key < 2_000; key++) {
                    Target target = upstream.local().choose(key);
                    target.begin();
                    asked.add(target);
                }
                asked.forEach(target -> target.end(Outcome.SUCCESS, 1_000_000));
                return asked.stream().map(target -> target.endpoint().host()).collect(Collectors.toSet());
            });
            return chosen.size() == 6;
        }));
        assertThat(TestEngines.get(upstream.status()).endpoints()).allMatch(each -> each.inFlight() == 0);
        upstream.close();
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"2, MAGLEV", "4, LEAST_CONNECTIONS", "4, WEIGHTED_ROUND_ROBIN"})
    void andByOtherAlgorithms(int shards, Algorithm algorithm) {
        everyRequestFindsSomebodyAndAfterAllIsQuietAllShardsAgree(shards, algorithm);
    }

    private boolean agree(Upstream upstream, List<Endpoint> members) {
        return engine.shards().stream().allMatch(shard -> TestEngines.on(engine, shard.id(), () -> upstream.local()
                .targets().stream().map(Target::endpoint).toList()).equals(members));
    }

    private static List<Endpoint> members(int from, int count) {
        return IntStream.range(from, from + count).mapToObj(i -> new Endpoint("e" + i, 80, i, 0, null, -1)).toList();
    }

    /** Sends requests on one shard, a few in each turn, of which some fail. */
    private static final class Worker {
        private final Upstream upstream;
        private final AtomicBoolean stop;
        private final AtomicReference<Throwable> trouble;
        private final SplittableRandom random;
        private final List<Target> underWay = new ArrayList<>();
        private long requests;

        Worker(Upstream upstream, int seed, AtomicBoolean stop, AtomicReference<Throwable> trouble) {
            this.upstream = upstream;
            this.stop = stop;
            this.trouble = trouble;
            this.random = new SplittableRandom(seed);
        }

        ShardFuture<Long> start() {
            ShardFuture<Long> done = Shard.current().newFuture();
            turn(Shard.current(), done);
            return done;
        }

        private void turn(Shard shard, ShardFuture<Long> done) {
            try {
                for (int i = 0; i < 20; i++) {
                    request();
                }
            } catch (Throwable e) {
                trouble.compareAndSet(null, e);
            }
            if (stop.get()) {
                underWay.forEach(target -> target.end(Outcome.CANCELLED, 0));
                done.complete(requests);
            } else {
                shard.execute(() -> turn(shard, done));
            }
        }

        private void request() {
            Target target = upstream.local().choose(random.nextInt());
            if (target != null) {
                requests++;
                target.begin();
                underWay.add(target);
            } else if (upstream.stats().get(Shard.current().id()).breakersOpen.get() == 0) {
                throw new AssertionError("nobody, though no breaker is open");
            }
            if (underWay.size() > 10) {
                Target ended = underWay.remove(random.nextInt(underWay.size()));
                ended.end(random.nextInt(10) == 0 ? Outcome.ERROR : Outcome.SUCCESS, random.nextInt(100_000));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void whatOneShardSuffersAllShardsKnowAtOnce(int shards) {
        Upstream upstream = start(shards, PoolConfig.of(PoolConfig.Protocol.HTTP)
                .withBalancing(BalancingConfig.of(Algorithm.ROUND_ROBIN)), members(1, 3));
        TestEngines.on(engine, shards - 1, () -> {
            Target sick = upstream.local().targets().get(1);
            for (int i = 0; i < 5; i++) {
                sick.begin();
                sick.end(Outcome.TIMEOUT, 1_000_000);
            }
            return true;
        });
        for (Shard shard : engine.shards()) {
            TestEngines.until("shard " + shard.id() + " knows", () -> TestEngines.on(engine, shard.id(),
                    () -> upstream.local().targets().get(1).state() == EndpointState.EJECTED));
        }
        assertThat(upstream.stats().stream().mapToLong(UpstreamStats::ejections).sum()).isOne();
    }

    @Test
    void manyUpstreamsKeepTheirBooksOnDifferentShards() {
        engine = TestEngines.start(Transport.AUTO, 2);
        Set<Integer> homes = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            Upstream upstream = Upstreams.start(engine, "upstream-" + i, PoolConfig.of(PoolConfig.Protocol.HTTP),
                    Discovery.of(members(1, 2)));
            upstream.stats().forEach(stats -> {
                if (stats.members.get() == 2) {
                    homes.add(upstream.stats().indexOf(stats));
                }
            });
        }
        assertThat(homes).containsExactlyInAnyOrder(0, 1);
    }
}
