package io.solaster.pool.upstream;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.timer.ManualClock;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.Outcome;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.health.HealthCheck;

/** Upstreams on two shards with a clock of their own, whose members and whose health the test decides. */
final class UpstreamFixture implements AutoCloseable {
    static final int SHARDS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final ManualClock clock = new ManualClock();
    final Engine engine = Engine.start(EngineConfig.defaults().withShards(SHARDS).withPinning(Pinning.NEVER), clock);
    /** Addresses whose checks fail. */
    final Set<String> sick = ConcurrentHashMap.newKeySet();
    /** Addresses whose checks are not answered. */
    final Set<String> silent = ConcurrentHashMap.newKeySet();
    /** Addresses in the order in which they were checked. */
    final List<String> checked = new CopyOnWriteArrayList<>();
    private Discovery.Listener discovery;
    Upstream upstream;

    /** Starts an upstream, of which the fixture is the discovery. */
    Upstream start(PoolConfig config, Endpoint... members) {
        HealthCheck check = (shard, endpoint) -> {
            checked.add(endpoint.address());
            if (silent.contains(endpoint.address())) {
                return new CompletableFuture<>();
            }
            return sick.contains(endpoint.address())
                    ? CompletableFuture.failedFuture(new IllegalStateException("is sick"))
                    : CompletableFuture.completedFuture(true);
        };
        upstream = Upstreams.start(engine, "test", config, new Discovery() {
            @Override
            public String name() {
                return "fixture";
            }

            @Override
            public void start(Listener listener) {
                discovery = listener;
                listener.found(List.of(members));
            }

            @Override
            public void close() {}
        }, each -> each.health().check().type() == io.solaster.config.pool.CheckConfig.Type.NONE ? null : check);
        return upstream;
    }

    /** Discovery finds other ones. */
    void found(Endpoint... members) {
        discovery.found(List.of(members));
    }

    void failed(Throwable cause) {
        discovery.failed(cause);
    }

    static PoolConfig config(Algorithm algorithm) {
        return PoolConfig.of(PoolConfig.Protocol.RESP).withBalancing(BalancingConfig.of(algorithm));
    }

    static PoolConfig config(Algorithm algorithm, PoolHealthConfig health) {
        return Changed.with(config(algorithm), "health", health);
    }

    static Endpoint[] endpoints(int size) {
        return Stream.iterate(1, i -> i + 1).limit(size).map(i -> endpoint("e" + i, 0)).toArray(Endpoint[]::new);
    }

    static Endpoint endpoint(String host, int priority) {
        return new Endpoint(host, 80, 1, priority, null, -1);
    }

    /** Who was chosen how often, by host. */
    Map<String, Integer> chosen(int shard, int times) {
        return on(shard, () -> {
            Map<String, Integer> counts = new TreeMap<>();
            for (int i = 0; i < times; i++) {
                Target target = upstream.local().choose(i);
                counts.merge(target == null ? "nobody" : target.endpoint().host(), 1, Integer::sum);
            }
            return counts;
        });
    }

    /** Who takes a request with a key on the first shard, by host. */
    String owner(long key) {
        return on(0, () -> {
            Target target = upstream.local().choose(key);
            return target == null ? "nobody" : target.endpoint().host();
        });
    }

    /** Who takes the keys from 1 on. */
    List<String> owners(int keys) {
        return LongStream.rangeClosed(1, keys).mapToObj(this::owner).toList();
    }

    /** What came of so many requests of a shard to a host. */
    void requests(int shard, String host, Outcome outcome, int times, Duration latency) {
        for (int i = 0; i < times; i++) {
            // One turn each, and a bit of time: else a broken connection would count once.
            clock.advance(Duration.ofNanos(10));
            on(shard, () -> {
                Target target = target(host);
                target.begin();
                target.end(outcome, latency.toNanos());
                return true;
            });
        }
    }

    void requests(int shard, String host, Outcome outcome, int times) {
        requests(shard, host, outcome, times, Duration.ofNanos(10));
    }

    /** On a shard. */
    Target target(String host) {
        return upstream.local().targets().stream().filter(each -> each.endpoint().host().equals(host)).findFirst()
                .orElseThrow();
    }

    EndpointStatus status(String host) {
        return get(upstream.status()).endpoints().stream().filter(each -> each.address().equals(host + ":80"))
                .findFirst().orElseThrow();
    }

    EndpointState state(String host) {
        return status(host).state();
    }

    /** Waits until an endpoint is there and stands so, for every shard. */
    void until(String host, EndpointState state) {
        until(host + " is " + state, () -> {
            for (int shard = 0; shard < SHARDS; shard++) {
                if (!on(shard, () -> upstream.local().targets().stream()
                        .anyMatch(each -> each.endpoint().host().equals(host) && each.state() == state))) {
                    return false;
                }
            }
            return get(upstream.status()).endpoints().stream()
                    .anyMatch(each -> each.address().equals(host + ":80") && each.state() == state);
        });
    }

    /** Lets time pass, and what it brings about happen. */
    void pass(Duration time) {
        clock.advance(time);
        settle();
    }

    /** Lets what is under way between the shards happen. */
    void settle() {
        for (int i = 0; i < 4; i++) {
            get(engine.submitToAll(shard -> true));
        }
    }

    long sum(java.util.function.ToLongFunction<UpstreamStats> what) {
        return upstream.stats().stream().mapToLong(what).sum();
    }

    <T> T on(int shard, Callable<T> work) {
        return get(engine.submitTo(shard, work));
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("within " + PATIENCE + " not so: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}
