package io.solaster.pool;

import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import com.sun.management.ThreadMXBean;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.testkit.chaos.FaultProxy;
import org.junit.jupiter.api.Test;

/** How connections come, grow old and go; and whoever may have them. */
final class PoolLifeTest extends Rig {
    private static final ConnectionsConfig DEFAULTS = ConnectionsConfig.defaults();

    PoolLifeTest() {
        super(Transport.AUTO);
    }

    /** Endpoints that a test changes. */
    private static final class Changing implements Discovery {
        private final AtomicReference<Listener> listener = new AtomicReference<>();
        private volatile List<Endpoint> endpoints;

        Changing(Endpoint... endpoints) {
            this.endpoints = List.of(endpoints);
        }

        @Override
        public String name() {
            return "changing";
        }

        @Override
        public void start(Listener newListener) {
            listener.set(newListener);
            newListener.found(endpoints);
        }

        void change(Endpoint... newEndpoints) {
            endpoints = List.of(newEndpoints);
            listener.get().found(endpoints);
        }

        @Override
        public void close() {}
    }

    @Test
    void keepsAsManyIdleAsItIsToAndWaitsForThemAtTheStart() {
        Backend backend = backend("a");
        connections(DEFAULTS.withMinIdle(3, Duration.ofSeconds(30)));
        pool(false, backend);
        assertThat(stats(0).idle()).isEqualTo(3);
        assertThat(stats(1).idle()).isEqualTo(3);
        backend.cutAll();
        until("they are replaced", () -> stats(0).created.get() >= 6 && stats(0).idle() == 3);
    }

    @Test
    void closesWhatIsIdleForTooLong() {
        Backend backend = backend("a");
        connections(Changed.with(DEFAULTS, "maxIdle", Duration.ofMillis(50), "maxLifetime", Duration.ZERO,
                "validateAfter", Duration.ZERO));
        pool(false, backend);
        ask(0, "x");
        until("it is closed", () -> stats(0).closed(CloseReason.IDLE) == 1 && backend.connections.isEmpty());
        assertThat(ask(0, "y")).isEqualTo("a y");
    }

    @Test
    void closesWhatIsTooOldOnceItIsGivenBack() {
        Backend backend = backend("a");
        connections(Changed.with(DEFAULTS, "maxIdle", Duration.ZERO, "maxLifetime", Duration.ofMillis(50),
                "validateAfter", Duration.ZERO));
        pool(false, backend);
        Line line = take(0);
        Line idle = take(0);
        give(0, idle);
        until("the idle one is closed", () -> stats(0).closed(CloseReason.LIFETIME) == 1);
        assertThat(line.channel().isOpen()).isTrue();
        give(0, line);
        until("the other one too", () -> stats(0).closed(CloseReason.LIFETIME) == 2);
    }

    @Test
    void checksIdleConnectionsFromTimeToTime() {
        Backend backend = backend("a");
        connections(Changed.with(DEFAULTS, "maxIdle", Duration.ZERO, "maxLifetime", Duration.ZERO, "validateAfter",
                Duration.ofMillis(20)));
        pool(false, backend);
        ask(0, "x");
        until("it was asked a few times", () -> backend.requests.get() > 4);
        assertThat(stats(0).closed(CloseReason.INVALID)).isZero();
        assertThat(stats(0).created.get()).isOne();
    }

    @Test
    void servesElsewhereWhoWaitsForAnEndpointThatLeaves() {
        Backend one = backend("a");
        Backend two = backend("b");
        connections(DEFAULTS.withBounds(8, 1, 1));
        config = config.withBalancing(BalancingConfig.of(Algorithm.MAGLEV));
        Changing discovery = new Changing(one.endpoint());
        pool(new Lines(false), discovery, Connectors.of(engine, config, Rig::resolve, null));
        Line held = take(0);
        CompletableFuture<String> waits = asking(0, LONG, "x");
        until("it waits", () -> stats(0).pending.get() == 1);
        discovery.change(two.endpoint());
        // It may not have more connections than one, and that is out.
        until("it knows", () -> on(engine, 0, () -> upstream.local().targets().getFirst().endpoint().port()) == two
                .port());
        assertThat(held.channel().isOpen()).as("who has one keeps it").isTrue();
        give(0, held);
        assertThat(get(waits)).isEqualTo("b x");
        until("it was closed", () -> stats(0).closed(CloseReason.REMOVED) == 1 && one.connections.isEmpty());
    }

    @Test
    void failsByNameWhoWaitsWhereTheLastEndpointLeaves() {
        Backend one = backend("a");
        connections(DEFAULTS.withBounds(1, 1, 1));
        Changing discovery = new Changing(one.endpoint());
        pool(new Lines(false), discovery, Connectors.of(engine, config, Rig::resolve, null));
        Line held = take(0);
        CompletableFuture<String> waits = asking(0, LONG, "x");
        until("it waits", () -> stats(0).pending.get() == 1);
        discovery.change();
        assertThat(failure(waits).reason()).isEqualTo(Reason.NO_ENDPOINT);
        give(0, held);
        discovery.change(one.endpoint());
        until("it is there again", () -> {
            try {
                return ask(0, "y").equals("a y");
            } catch (PoolException e) {
                return false;
            }
        });
    }

    @Test
    void waitsForAFirstEndpoint() {
        Backend one = backend("a");
        Changing discovery = new Changing();
        pool(new Lines(false), discovery, Connectors.of(engine, config, Rig::resolve, null));
        CompletableFuture<String> waits = asking(0, LONG, "x");
        CompletableFuture<String> inVain = asking(1, Duration.ofMillis(20), "x");
        assertThat(failure(inVain).reason()).isEqualTo(Reason.NO_ENDPOINT);
        discovery.change(one.endpoint());
        assertThat(get(waits)).isEqualTo("a x");
    }

    @Test
    void takesRoomFromAnEndpointThatDoesNotNeedIt() {
        Backend one = backend("a");
        Backend two = backend("b");
        connections(DEFAULTS.withBounds(8, 1, 1));
        config = config.withBalancing(BalancingConfig.of(Algorithm.RING_HASH));
        pool(false, one, two);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            long key = i * 0x9E3779B97F4A7C15L;
            answers.add(TestEngines.await(engine, 0, () -> pool.use(key, null, LONG, line -> line.ask("x"))));
        }
        assertThat(answers).contains("a x", "b x");
        assertThat(stats(0).closed(CloseReason.EVICTED)).isPositive();
        assertThat(stats(0).open.get()).isOne();
    }

    @Test
    void servesWhoWaitsWithWhateverEndpointComesFree() {
        Backend one = backend("a");
        Backend two = backend("b");
        connections(DEFAULTS.withBounds(8, 2, 1));
        pool(false, one, two);
        Line first = take(0);
        Line second = take(0);
        assertThat(first.target()).isNotSameAs(second.target());
        CompletableFuture<String> some = asking(0, LONG, "x");
        CompletableFuture<String> others = asking(0, LONG, "y");
        until("they wait", () -> stats(0).pending.get() == 2);
        give(0, second);
        // Both by the one that is free, the other is out still.
        assertThat(get(some).charAt(0)).isEqualTo(get(others).charAt(0));
        give(0, first);
    }

    @Test
    void triesAnotherEndpointThanTheOneThatWasTried() {
        Backend one = backend("a");
        Backend two = backend("b");
        pool(false, one, two);
        for (int i = 0; i < 10; i++) {
            Line line = take(0);
            String other = TestEngines.await(engine, 0,
                    () -> pool.use(0, line.target(), LONG, connection -> connection.ask("x")));
            String own = TestEngines.await(engine, 0, () -> line.ask("x"));
            assertThat(other).isNotEqualTo(own);
            give(0, line);
        }
    }

    @Test
    void changesItsBoundsWhileItRuns() {
        connections(DEFAULTS.withBounds(1, 1, 1));
        pool(false, backend("a"));
        Line held = take(0);
        CompletableFuture<String> waits = asking(0, LONG, "x");
        until("it waits", () -> stats(0).pending.get() == 1);
        get(pool.reconfigure(config.withConnections(DEFAULTS.withBounds(4, 4, 4))));
        assertThat(get(waits)).isEqualTo("a x");
        assertThat(pool.config().connections().max()).isEqualTo(4);
        assertThat(stats(0).max.get()).isEqualTo(4);
        give(0, held);
        get(pool.reconfigure(config.withConnections(DEFAULTS.withBounds(1, 1, 1))));
        until("what is too much is closed", () -> stats(0).open.get() == 1);
        assertThat(ask(0, "y")).isEqualTo("a y");
    }

    @Test
    void changesWhereItsConnectionsGoWithOneCall() {
        Backend one = backend("a");
        Backend two = backend("b");
        config = config.withEndpoints(List.of(EndpointConfig.valueOf(one.endpoint().address())));
        pool(new Lines(false));
        assertThat(ask(0, "x")).isEqualTo("a x");
        CompletableFuture<String> underWay = asking(0, LONG, "hold");
        until("it is under way", () -> one.held() == 1);
        get(pool.reconfigure(config.withEndpoints(List.of(EndpointConfig.valueOf(two.endpoint().address())))
                .withConnections(DEFAULTS.withBounds(3, 2, 1))));
        assertThat(upstream.members()).containsExactly(two.endpoint());
        assertThat(stats(0).max.get()).isEqualTo(2);
        assertThat(ask(0, "y")).isEqualTo("b y");
        assertThat(ask(1, "y")).isEqualTo("b y");
        one.release();
        assertThat(get(underWay)).as("not cut").isEqualTo("a hold");
        until("all to the old one are closed", () -> Sockets.to(one.port()) == 0);
    }

    @Test
    void replacesEveryConnectionAndCutsNone() {
        Backend backend = backend("a");
        connections(DEFAULTS.withMinIdle(2, Duration.ofSeconds(30)));
        pool(false, backend);
        CompletableFuture<String> underWay = asking(0, LONG, "hold");
        until("it is under way", () -> backend.held() == 1);
        List<Line> before = List.of(take(0), take(1));
        for (int shard = 0; shard < 2; shard++) {
            give(shard, before.get(shard));
        }
        get(pool.renew());
        for (int shard = 0; shard < 2; shard++) {
            int at = shard;
            Line now = take(shard);
            assertThat(now).isNotIn(before);
            assertThat(now.channel().isOpen()).isTrue();
            give(shard, now);
            until("there are as many as before", () -> stats(at).idle() >= 1 && stats(at).open.get() >= 2);
        }
        assertThat(underWay).isNotDone();
        backend.release();
        assertThat(get(underWay)).isEqualTo("a hold");
        until("four of old are closed",
                () -> stats(0).closed(CloseReason.LIFETIME) + stats(1).closed(CloseReason.LIFETIME) == 4);
    }

    @Test
    void replacesWhatWasBeingMadeTooOnceItHasServedWhoWaited() {
        FaultProxy proxy = before(backend("a"));
        answersLater(proxy, 100);
        pool(new Lines(false, true), endpoint(proxy));
        CompletableFuture<String> asked = asking(0, LONG, "x");
        until("it connects", () -> stats(0).connecting.get() == 1);
        get(pool.renew());
        assertThat(get(asked)).isEqualTo("a x");
        until("it is closed", () -> stats(0).closed(CloseReason.LIFETIME) == 1);
        assertThat(ask(0, "y")).isEqualTo("a y");
        assertThat(stats(0).created.get()).isEqualTo(2);
    }

    @Test
    void drainsWithoutCuttingWhatIsUnderWay() {
        Backend backend = backend("a");
        pool(false, backend);
        CompletableFuture<String> underWay = asking(0, LONG, "hold");
        until("it is under way", () -> backend.held() == 1);
        // Whoever does not want to wait any more takes nothing from others.
        pool.drain(LONG).cancel(false);
        ShardFuture<Boolean> drained = pool.drain(LONG);
        until("nobody new is served", () -> {
            CompletableFuture<String> late = asking(0, LONG, "x");
            try {
                get(late);
                return false;
            } catch (PoolException e) {
                return e.reason() == Reason.CLOSED;
            }
        });
        assertThat(drained).isNotDone();
        backend.release();
        assertThat(get(underWay)).isEqualTo("a hold");
        assertThat(get(drained)).as("nothing was cut short").isTrue();
        assertThat(get(pool.drain(Duration.ZERO))).isTrue();
        until("no socket is left", () -> Sockets.to(backend.port()) == 0);
    }

    @Test
    void takingAndGivingAllocatesNothing() {
        pool(false, backend("a"));
        assertThat(ask(0, "x")).isEqualTo("a x");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        on(engine, 0, () -> {
            ShardPool<Line> here = pool.local();
            long least = Long.MAX_VALUE;
            // The first rounds pay for what the JVM does beside.
            for (int round = 0; round < 10; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 10_000; i++) {
                    here.give(Objects.requireNonNull(here.tryTake(0)));
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isLessThan(1_000);
            return true;
        });
    }

    @Test
    void cutsAtTheDeadlineWhatHasNotFinished() {
        Backend backend = backend("a");
        pool(false, backend);
        CompletableFuture<String> underWay = asking(0, LONG, "hold");
        until("it is under way", () -> backend.held() == 1);
        ShardFuture<Boolean> patient = pool.drain(LONG);
        assertThat(get(pool.drain(Duration.ofMillis(50)))).as("nothing was cut short").isFalse();
        assertThat(get(patient)).isFalse();
        assertThat(failure(underWay).reason()).isEqualTo(Reason.CONNECTION_LOST);
    }

    @Test
    void closesWhatWasCancelledInUseAndServesTheNext() {
        Backend backend = backend("a");
        connections(DEFAULTS.withBounds(1, 1, 1));
        pool(false, backend);
        ShardFuture<String> cancelled = on(engine, 0, () -> pool.use(0, null, LONG, line -> line.ask("hold")));
        until("it is under way", () -> backend.held() == 1);
        on(engine, 0, () -> cancelled.cancel(false));
        // Its answer would be taken for the next one's, so another connection is made.
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertThat(stats(0).created.get()).isEqualTo(2);
        assertThat(stats(0).open.get()).isOne();
    }

    @Test
    void keepsTheConnectionOfWhoCancelsWhileItConnects() {
        FaultProxy proxy = before(backend("a"));
        answersLater(proxy, 100);
        pool(new Lines(false, true), endpoint(proxy));
        ShardFuture<Line> taken = on(engine, 0, () -> pool.local().take(0, null, LONG));
        until("it connects", () -> stats(0).connecting.get() == 1);
        on(engine, 0, () -> taken.cancel(false));
        until("it is there", () -> stats(0).idle() == 1);
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertThat(stats(0).created.get()).isOne();
    }

    @Test
    void letsNobodyWaitAtOneShardsBoundsWhileAnotherHasAnIdleConnection() {
        Backend backend = backend("a");
        connections(DEFAULTS.withBounds(8, 1, 1));
        pool(false, backend);
        ask(1, "x");
        Line held = take(0);
        assertThat(ask(0, "y")).isEqualTo("a y");
        assertThat(ask(0, "z")).isEqualTo("a z");
        assertThat(stats(0).forwarded.get()).isEqualTo(2);
        give(0, held);
    }

    @Test
    void neverHasMoreThanTheBudgetOverAllShards() {
        Backend backend = backend("a");
        connections(DEFAULTS.withBounds(3, 3, 3));
        pool(false, backend);
        List<CompletableFuture<String>> asked = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            asked.add(asking(i % 2, LONG, "n" + i));
            assertThat(stats(0).open.get() + stats(1).open.get()).isLessThanOrEqualTo(3);
        }
        for (int i = 0; i < 500; i++) {
            assertThat(get(asked.get(i))).isEqualTo("a n" + i);
        }
        assertThat(backend.accepted.get()).isLessThanOrEqualTo(3);
    }

    @Test
    void sharesOutASecondConnectionOnceTheFirstIsFull() {
        Backend backend = backend("a");
        connections(Changed.with(DEFAULTS, "maxRequests", 2).withBounds(4, 2, 2));
        pool(true, backend);
        List<Line> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            taken.add(take(0));
        }
        assertThat(stats(0).open.get()).isEqualTo(2);
        assertThat(taken.stream().distinct()).hasSize(2);
        ShardFuture<Line> fifth = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(fifth).isNotDone();
        give(0, taken.get(3));
        assertThat(get(fifth)).isSameAs(taken.get(3));
    }

    @Test
    void standsAloneOnItsUpstream() {
        pool(false, backend("a"));
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> ConnectionPools.start(engine, "second", config, new Lines(false), upstream,
                        Connectors.of(engine, config, Rig::resolve, null)))
                .withMessageContaining("has a pool already");
    }

    @Test
    void startsWithoutAnUpstreamsEndpoints() {
        Upstream empty = Upstreams.start(engine, "empty", config, Discovery.of(List.of()));
        open.add(empty);
        try (ConnectionPool<Line> idle = ConnectionPools.start(engine, "empty", config, new Lines(false), empty,
                Connectors.of(engine, config, Rig::resolve, null))) {
            assertThat(idle.name()).isEqualTo("empty");
            assertThat(idle.upstream()).isSameAs(empty);
            assertThat(idle.stats()).hasSize(2);
        }
    }
}
