package io.solaster.pool.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.ManualClock;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolStats;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Protocol;
import io.solaster.pool.ShardPool;
import io.solaster.pool.TestEngines;
import io.solaster.pool.Upstream;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pool on one shard against a model of it: thousands of steps at random, connections that live and die as the model
 * says, and a clock that stands still. After each step: nobody has what another has, no bound is exceeded, nobody waits
 * while something that would do is idle, whoever waited longest was served first, and all counts agree.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class PoolModelTest {
    private static final int STEPS = 4_000;
    /** What one step sets going ends within so many tasks of the shard. */
    private static final int TURNS = 8;
    private static final int MAX = 6;
    private static final int PER_ENDPOINT = 3;
    private static final int MAX_PENDING = 12;
    private static final int MAX_REQUESTS = 2;

    private final ManualClock clock = new ManualClock();
    private final Deque<ShardFuture<Channel>> connecting = new ArrayDeque<>();
    private final Set<Fake> live = new LinkedHashSet<>();
    /** What the model has taken, once for each time. */
    private final List<Fake> out = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private Random random;
    private boolean shared;
    private ConnectionPool<Fake> pool;
    private int served;
    private int stepsLeft;

    private record Waiting(ShardFuture<Fake> future, long patienceNanos, long since) {}

    private static final class Fake extends PooledConnection {
        private final boolean shared;
        private final Shard shard;
        private boolean silent;

        Fake(Channel channel, Shard shard, boolean shared) {
            super(channel);
            this.shard = shard;
            this.shared = shared;
        }

        @Override
        public boolean isShared() {
            return shared;
        }

        @Override
        public boolean isUsable() {
            return channel().isOpen();
        }

        @Override
        public ShardFuture<?> validate() {
            ShardFuture<Object> answer = shard.newFuture();
            if (!silent) {
                answer.complete(true);
            }
            return answer;
        }

        @Override
        public void drain() {
            channel().close();
        }
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(longs = {3, 4, 5, 6, 7, 8})
    void agreesWithItsModelForLonger(long seed) {
        agreesWithItsModel(seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void agreesWithItsModel(long seed) {
        random = new Random(seed);
        shared = seed % 2 == 0;
        PoolConfig config = Changed.with(PoolConfig.of(PoolConfig.Protocol.TCP)
                .withBalancing(BalancingConfig.of(Algorithm.ROUND_ROBIN)), "health",
                new PoolHealthConfig(io.solaster.config.pool.CheckConfig.defaults(),
                        OutlierConfig.of(0, Duration.ofSeconds(1), Duration.ofSeconds(1)),
                        BreakerConfig.none(), 0, 140))
                .withConnections(Changed.with(ConnectionsConfig.defaults().withBounds(MAX, MAX, PER_ENDPOINT),
                        "maxRequests", MAX_REQUESTS, "maxPending", MAX_PENDING, "acquireTimeout", Duration.ofSeconds(1),
                        "maxConnecting", 2, "connectTimeout", Duration.ofSeconds(1), "maxIdle", Duration.ofSeconds(20),
                        "maxLifetime", Duration.ofSeconds(60), "validateAfter", Duration.ofSeconds(5)));
        try (Engine engine = Engine.start(
                EngineConfig.defaults().withTransport(EngineConfig.Transport.NIO).withPinning(Pinning.NEVER)
                        .withShards(1),
                clock);
                Upstream upstream = Upstreams.start(engine, "model", config,
                        Discovery.of(List.of(Endpoint.of("127.0.0.1", 1), Endpoint.of("127.0.0.1", 2),
                                Endpoint.of("127.0.0.1", 3))))) {
            TestEngines.until("there are endpoints",
                    () -> TestEngines.on(engine, 0, () -> upstream.local().targets().size() == 3));
            pool = ConnectionPools.start(engine, "model", config, new Fakes(), upstream, (endpoint, timeout) -> {
                ShardFuture<Channel> channel = Shard.current().newFuture();
                connecting.add(channel);
                return channel;
            });
            stepsLeft = STEPS;
            while (stepsLeft > 0) {
                long millis = TestEngines.await(engine, 0, () -> until(this::next));
                clock.advance(Duration.ofMillis(millis));
                // A turn in which what is due happens.
                TestEngines.on(engine, 0, () -> null);
                TestEngines.await(engine, 0, () -> until(done -> settle(done, TURNS, () -> done.complete(0L))));
            }
            assertThat(served).as("the steps have served somebody").isGreaterThan(STEPS / 20);
            pool.close();
            assertThat(waiting).allMatch(each -> each.future().isDone());
            assertThat(live).isEmpty();
            assertThat(pool.stats().getFirst().open.get()).isZero();
        }
    }

    private final class Fakes implements Protocol<Fake> {
        @Override
        public String name() {
            return "fakes";
        }

        @Override
        public CompletionStage<Fake> open(Shard shard, Channel channel, Endpoint endpoint) {
            Fake fake = new Fake(channel, shard, shared);
            live.add(fake);
            channel.closeFuture().addListener(end -> live.remove(fake));
            return CompletableFuture.completedFuture(fake);
        }
    }

    /** On the shard, as is all that follows; waiting for each step from outside would take much longer than the steps. */
    private ShardFuture<Long> until(Consumer<ShardFuture<Long>> work) {
        ShardFuture<Long> done = Shard.current().newFuture();
        work.accept(done);
        return done;
    }

    /** Takes steps until time is to pass: tells how much, in milliseconds. */
    private void next(ShardFuture<Long> done) {
        step();
        stepsLeft--;
        if (stepsLeft == 0 || random.nextInt(4) == 0) {
            done.complete((long) random.nextInt(random.nextInt(10) == 0 ? 4_000 : 60));
        } else {
            settle(done, TURNS, () -> next(done));
        }
    }

    /** Lets happen what has been granted, looks, and goes on. */
    private void settle(ShardFuture<Long> done, int turns, Runnable then) {
        Shard.current().execute(() -> {
            try {
                if (turns > 0) {
                    settle(done, turns - 1, then);
                } else {
                    check();
                    then.run();
                }
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
    }

    private void step() {
        ShardPool<Fake> local = pool.local();
        switch (random.nextInt(shared ? 9 : 10)) {
            case 0 -> {
                Fake taken = local.tryTake(random.nextLong());
                if (taken != null) {
                    taken(taken);
                }
            }
            case 1, 2 -> {
                long patience = TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(500));
                ShardFuture<Fake> future = local.take(random.nextLong(), null, Duration.ofNanos(patience));
                if (future.state() == Future.State.SUCCESS) {
                    taken(future.resultNow());
                } else {
                    waiting.add(new Waiting(future, patience, Shard.current().timers().now()));
                }
            }
            case 3, 4 -> {
                if (!out.isEmpty()) {
                    local.give(out.remove(random.nextInt(out.size())));
                }
            }
            case 5 -> {
                if (!out.isEmpty()) {
                    local.discard(out.remove(random.nextInt(out.size())), "the model says so");
                }
            }
            case 6 -> {
                if (!live.isEmpty()) {
                    Fake one = new ArrayList<>(live).get(random.nextInt(live.size()));
                    if (random.nextBoolean()) {
                        one.channel().close();
                    } else {
                        one.silent = true;
                    }
                }
            }
            case 7 -> {
                if (!waiting.isEmpty()) {
                    waiting.get(random.nextInt(waiting.size())).future().cancel(false);
                }
            }
            default -> {
                ShardFuture<Channel> next = connecting.poll();
                if (next != null && random.nextInt(5) == 0) {
                    next.completeExceptionally(new java.net.ConnectException("the model says so"));
                } else if (next != null) {
                    EmbeddedChannel channel = new EmbeddedChannel();
                    if (!next.complete(channel)) {
                        channel.close();
                    }
                }
            }
        }
    }

    private void taken(Fake taken) {
        assertThat(taken.channel().isOpen()).as("what is handed out is open").isTrue();
        assertThat(out.stream().filter(each -> each == taken).count()).as("nobody has what another has")
                .isLessThan(shared ? MAX_REQUESTS : 1);
        out.add(taken);
        served++;
    }

    private void check() {
        boolean laterServed = false;
        for (int i = waiting.size() - 1; i >= 0; i--) {
            Waiting each = waiting.get(i);
            if (each.future().state() == Future.State.SUCCESS) {
                laterServed = true;
            } else if (!each.future().isDone()) {
                assertThat(laterServed).as("who waited longer is served first").isFalse();
            }
        }
        long now = Shard.current().timers().now();
        for (Waiting each : List.copyOf(waiting)) {
            switch (each.future().state()) {
                case SUCCESS -> {
                    taken(each.future().resultNow());
                    waiting.remove(each);
                }
                case FAILED -> {
                    assertThat(each.future().exceptionNow()).isInstanceOf(PoolException.class);
                    waiting.remove(each);
                }
                case CANCELLED -> {
                    waiting.remove(each);
                }
                case RUNNING -> assertThat(now - each.since()).as("nobody waits for longer than he would")
                        .isLessThan(each.patienceNanos() + TimeUnit.MILLISECONDS.toNanos(2));
            }
        }
        PoolStats stats = pool.stats().getFirst();
        assertThat(stats.open.get()).as("open").isEqualTo(live.size());
        assertThat(stats.open.get() + stats.connecting.get()).as("bound").isLessThanOrEqualTo(MAX);
        assertThat(stats.pending.get()).as("pending").isEqualTo(waiting.size());
        assertThat(stats.active.get()).as("out").isEqualTo(out.stream().distinct().count());
        Map<Object, Integer> perEndpoint = new HashMap<>();
        for (Fake each : live) {
            assertThat(perEndpoint.merge(each.target(), 1, Integer::sum)).as("bound of an endpoint")
                    .isLessThanOrEqualTo(PER_ENDPOINT);
        }
        int each = shared ? MAX_REQUESTS : 1;
        long coming = stats.connecting.get() + live.stream().filter(one -> entry(one).isValidating).count();
        if (waiting.size() > coming * each) {
            for (Fake one : live) {
                long uses = out.stream().filter(taken -> taken == one).count();
                boolean isReady = uses < each && entry(one).retired == null && !entry(one).isValidating
                        && (uses > 0 || now - entry(one).provenAt <= Duration.ofSeconds(5).toNanos());
                assertThat(isReady).as("nobody waits in vain while a connection is ready").isFalse();
            }
        }
    }

    private static PoolEntry entry(Fake connection) {
        return (PoolEntry) connection.entry();
    }
}
