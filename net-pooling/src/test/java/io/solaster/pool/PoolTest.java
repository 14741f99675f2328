package io.solaster.pool;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.PoolBalancingConfig;
import io.solaster.config.PoolBalancingConfig.Algorithm;
import io.solaster.config.PoolConfig;
import io.solaster.config.PoolConnectionsConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pool does on any transport; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class PoolTest {
    private static final Duration LONG = TestEngines.PATIENCE;

    private final Transport transport;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Engine engine;
    private PoolConfig config = PoolConfig.of(PoolConfig.Protocol.TCP)
            .withBalancing(PoolBalancingConfig.of(Algorithm.ROUND_ROBIN));
    private ConnectionPool<Line> pool;

    PoolTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        engine = TestEngines.start(transport, 2);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    private Backend backend(String name) {
        Backend backend = Backend.start(engine, name);
        open.add(backend);
        return backend;
    }

    private ConnectionPool<Line> pool(boolean shared, Backend... backends) {
        return pool(shared, Arrays.stream(backends).map(Backend::endpoint).toArray(Endpoint[]::new));
    }

    private ConnectionPool<Line> pool(boolean shared, Endpoint... endpoints) {
        Upstream upstream = Upstream.start(engine, "test", config, Discovery.of(List.of(endpoints)));
        open.add(upstream);
        pool = ConnectionPool.start(engine, "test", config, new Lines(shared), upstream,
                Connector.of(engine, config, PoolTest::resolve, null));
        open.add(pool);
        return pool;
    }

    static ShardFuture<List<InetAddress>> resolve(String host) {
        ShardFuture<List<InetAddress>> found = Shard.current().newFuture();
        try {
            found.complete(List.of(InetAddress.getAllByName(host)));
        } catch (UnknownHostException e) {
            found.completeExceptionally(e);
        }
        return found;
    }

    private void connections(PoolConnectionsConfig connections) {
        config = config.withConnections(connections);
    }

    private String ask(int shard, String line) {
        return await(engine, shard, () -> pool.use(0, null, LONG, connection -> connection.ask(line)));
    }

    private PoolStats stats(int shard) {
        return pool.stats().get(shard);
    }

    @Test
    void makesAConnectionOnceAndUsesItAgain() {
        Backend backend = backend("a");
        pool(false, backend);
        for (int i = 0; i < 10; i++) {
            assertThat(ask(0, "hello " + i)).isEqualTo("a hello " + i);
        }
        assertThat(backend.accepted).hasValue(1);
        assertThat(stats(0).created.get()).isOne();
        assertThat(stats(0).open.get()).isOne();
        assertThat(stats(0).idle()).isOne();
        assertThat(stats(0).acquire.snapshot().count()).isEqualTo(10);
        assertThat(stats(1).open.get()).isZero();
    }

    @Test
    void givesEachShardConnectionsOfItsOwn() {
        Backend backend = backend("a");
        pool(false, backend);
        ask(0, "x");
        ask(1, "y");
        assertThat(backend.accepted).hasValue(2);
        on(engine, 1, () -> {
            Line line = pool.local().tryTake(0);
            assertThat(line.channel().eventLoop()).isSameAs(Shard.current());
            pool.local().give(line);
            return null;
        });
    }

    @Test
    void takesWithoutWaitingOnlyWhatIsReady() {
        pool(false, backend("a"));
        Line first = on(engine, 0, () -> {
            assertThat(pool.local().tryTake(0)).isNull();
            return null;
        });
        assertThat(first).isNull();
        Line line = await(engine, 0, () -> pool.local().take(0, null, LONG));
        on(engine, 0, () -> {
            assertThat(pool.local().tryTake(0)).isNull();
            pool.local().give(line);
            assertThat(pool.local().tryTake(0)).isSameAs(line);
            pool.local().give(line);
            assertThatIllegalStateException().isThrownBy(() -> pool.local().give(line)).withMessageContaining("twice");
            return null;
        });
    }

    @Test
    void sharesOneConnectionAmongManyRequests() {
        Backend backend = backend("a");
        pool(true, backend);
        List<ShardFuture<String>> answers = on(engine, 0, () -> {
            List<ShardFuture<String>> all = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                int number = i;
                all.add(pool.use(0, null, LONG, connection -> connection.ask("n" + number)));
            }
            return all;
        });
        for (int i = 0; i < 500; i++) {
            assertThat(get(answers.get(i))).isEqualTo("a n" + i);
        }
        assertThat(backend.accepted).hasValue(1);
        until("nothing is out", () -> stats(0).active.get() == 0);
    }

    @Test
    void replacesAConnectionThatTheOtherEndClosed() {
        Backend backend = backend("a");
        pool(false, backend);
        ask(0, "x");
        backend.cutAll();
        until("the shard has seen it", () -> stats(0).open.get() == 0);
        assertThat(stats(0).closed(CloseReason.REMOTE)).isOne();
        assertThat(ask(0, "y")).isEqualTo("a y");
    }

    @Test
    void discardsWhatMustNotBeUsedAgain() {
        Backend backend = backend("a");
        pool(false, backend);
        Line line = await(engine, 0, () -> pool.local().take(0, null, LONG));
        on(engine, 0, () -> {
            pool.local().discard(line, "it is out of step");
            return null;
        });
        until("it is closed", () -> stats(0).closed(CloseReason.DISCARDED) == 1 && backend.connections.isEmpty());
        assertThat(stats(0).open.get()).isZero();
        assertThat(stats(0).active.get()).isZero();
    }

    @Test
    void keepsWithinItsBoundsAndServesWhoHasWaitedLongest() {
        Backend backend = backend("a");
        connections(PoolConnectionsConfig.defaults().withBounds(2, 2, 2));
        pool(false, backend);
        List<Integer> order = new ArrayList<>();
        List<CompletableFuture<?>> all = on(engine, 0, () -> {
            List<CompletableFuture<?>> asked = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                int number = i;
                asked.add(pool.use(0, null, LONG, connection -> {
                    order.add(number);
                    return connection.ask("x");
                }));
            }
            assertThat(stats(0).pending.get()).isEqualTo(100);
            return asked;
        });
        all.forEach(TestEngines::get);
        assertThat(order).isSorted().hasSize(100);
        assertThat(backend.accepted).hasValue(2);
        assertThat(stats(0).pending.get()).isZero();
    }

    @Test
    void failsByNameWhoWaitsTooLongOrIsOneTooMany() {
        connections(PoolConnectionsConfig.defaults().withBounds(1, 1, 1).withWaiting(1, LONG));
        pool(false, backend("a"));
        Line line = await(engine, 0, () -> pool.local().take(0, null, LONG));
        ShardFuture<Line> waits = on(engine, 0, () -> pool.local().take(0, null, Duration.ofMillis(50)));
        ShardFuture<Line> refused = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(failure(refused).reason()).isEqualTo(Reason.TOO_MANY_PENDING);
        assertThat(failure(refused)).hasMessageContaining("max-pending");
        assertThat(failure(waits).reason()).isEqualTo(Reason.ACQUIRE_TIMEOUT);
        assertThat(stats(0).timeouts.get()).isOne();
        assertThat(stats(0).refused.get()).isOne();
        on(engine, 0, () -> {
            pool.local().give(line);
            return null;
        });
    }

    @Test
    void leavesTheQueueWhenCancelled() {
        connections(PoolConnectionsConfig.defaults().withBounds(1, 1, 1));
        pool(false, backend("a"));
        Line line = await(engine, 0, () -> pool.local().take(0, null, LONG));
        ShardFuture<Line> cancelled = on(engine, 0, () -> {
            ShardFuture<Line> waits = pool.local().take(0, null, LONG);
            waits.cancel(false);
            assertThat(stats(0).pending.get()).isZero();
            return waits;
        });
        assertThat(cancelled).isCancelled();
        assertThat(stats(0).cancelled.get()).isOne();
        on(engine, 0, () -> {
            pool.local().give(line);
            return null;
        });
        assertThat(ask(0, "still there")).isEqualTo("a still there");
    }

    @Test
    void runsRequestsOnAnotherShardWhereTheBudgetIsSmallerThanTheShards() {
        Backend backend = backend("a");
        connections(PoolConnectionsConfig.defaults().withBounds(1, 4, 4));
        pool(false, backend);
        assertThat(ask(0, "x")).isEqualTo("a x");
        List<CompletableFuture<String>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int number = i;
            all.add(engine.submitStageTo(i % 2, io.solaster.engine.CallOptions.DEFAULTS,
                    () -> pool.use(0, null, LONG, connection -> connection.ask("n" + number))));
        }
        for (int i = 0; i < 200; i++) {
            assertThat(get(all.get(i))).isEqualTo("a n" + i);
        }
        assertThat(backend.accepted).hasValue(1);
        assertThat(stats(1).forwarded.get() + stats(0).forwarded.get()).isPositive();
    }

    @Test
    void movesAPermitToAShardThatMustHaveAConnectionOfItsOwn() {
        Backend backend = backend("a");
        connections(PoolConnectionsConfig.defaults().withBounds(1, 4, 4));
        pool(false, backend);
        for (int i = 0; i < 6; i++) {
            int shard = i % 2;
            Line line = await(engine, shard, () -> pool.local().take(0, null, LONG));
            on(engine, shard, () -> {
                pool.local().give(line);
                return null;
            });
        }
        assertThat(stats(0).created.get() + stats(1).created.get()).isEqualTo(6);
        assertThat(stats(0).closed(CloseReason.EVICTED) + stats(1).closed(CloseReason.EVICTED)).isEqualTo(5);
    }

    @Test
    void closesAtOnceWhoWaitsFailsByName() {
        connections(PoolConnectionsConfig.defaults().withBounds(1, 1, 1));
        pool(false, backend("a"));
        Line line = await(engine, 0, () -> pool.local().take(0, null, LONG));
        ShardFuture<Line> waits = on(engine, 0, () -> pool.local().take(0, null, LONG));
        pool.close();
        assertThat(failure(waits).reason()).isEqualTo(Reason.CLOSED);
        until("it is closed", () -> !line.channel().isOpen());
        ShardFuture<Line> late = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(failure(late).reason()).isEqualTo(Reason.CLOSED);
    }

    @Test
    void failsAtOnceWhereNobodyListens() {
        Backend backend = backend("a");
        Endpoint endpoint = backend.endpoint();
        backend.close();
        pool(false, endpoint);
        ShardFuture<Line> refused = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(failure(refused).reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(failure(refused)).hasMessageContaining("127.0.0.1:" + endpoint.port());
        assertThat(stats(0).connectFailures.get()).isPositive();
        Backend again = Backend.start(engine, "again", endpoint.port(), channel -> {});
        open.addFirst(again);
        until("it connects again", () -> {
            ShardFuture<String> answer = on(engine, 0,
                    () -> pool.use(0, null, LONG, connection -> connection.ask("x")));
            try {
                return get(answer).equals("again x");
            } catch (PoolException e) {
                return false;
            }
        });
    }

    private static PoolException failure(CompletableFuture<?> future) {
        return catchThrowableOfType(PoolException.class, () -> get(future));
    }
}
