package io.solaster.pool;

import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.PoolException.Reason;
import org.junit.jupiter.api.Test;

/** What a pool does on any transport; a subclass each. */
abstract class PoolTest extends Rig {

    PoolTest(Transport transport) {
        super(transport);
    }

    @Test
    void makesAConnectionOnceAndUsesItAgain() {
        Backend backend = backend("a");
        pool(false, backend);
        for (int i = 0; i < 10; i++) {
            assertThat(ask(0, "hello " + i)).isEqualTo("a hello " + i);
        }
        until("accepted", () -> backend.accepted.get() == 1);
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
        until("accepted", () -> backend.accepted.get() == 2);
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
        Line line = take(0);
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
        until("accepted", () -> backend.accepted.get() == 1);
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
        Line line = take(0);
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
        connections(ConnectionsConfig.defaults().withBounds(2, 2, 2));
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
        until("accepted", () -> backend.accepted.get() == 2);
        assertThat(stats(0).pending.get()).isZero();
    }

    @Test
    void failsByNameWhoWaitsTooLongOrIsOneTooMany() {
        connections(Changed.with(ConnectionsConfig.defaults().withBounds(1, 1, 1), "maxPending", 1, "acquireTimeout",
                LONG));
        pool(false, backend("a"));
        Line line = take(0);
        ShardFuture<Line> waits = on(engine, 0, () -> pool.local().take(0, null, Duration.ofMillis(50)));
        ShardFuture<Line> refused = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(failure(refused).reason()).isEqualTo(Reason.TOO_MANY_PENDING);
        assertThat(failure(refused).getStackTrace()).as("refusals come by the thousand").isEmpty();
        assertThat(failure(refused)).hasMessageContaining("max-pending");
        assertThat(failure(waits).reason()).isEqualTo(Reason.ACQUIRE_TIMEOUT);
        assertThat(stats(0).timeouts.get()).isOne();
        assertThat(stats(0).refused.get()).isOne();
        give(0, line);
    }

    @Test
    void leavesTheQueueWhenCancelled() {
        connections(ConnectionsConfig.defaults().withBounds(1, 1, 1));
        pool(false, backend("a"));
        Line line = take(0);
        ShardFuture<Line> cancelled = on(engine, 0, () -> {
            ShardFuture<Line> waits = pool.local().take(0, null, LONG);
            waits.cancel(false);
            assertThat(stats(0).pending.get()).isZero();
            return waits;
        });
        assertThat(cancelled).isCancelled();
        assertThat(stats(0).cancelled.get()).isOne();
        give(0, line);
        assertThat(ask(0, "still there")).isEqualTo("a still there");
    }

    @Test
    void runsRequestsOnAnotherShardWhereTheBudgetIsSmallerThanTheShards() {
        Backend backend = backend("a");
        connections(ConnectionsConfig.defaults().withBounds(1, 4, 4));
        pool(false, backend);
        assertThat(ask(0, "x")).isEqualTo("a x");
        List<CompletableFuture<String>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int number = i;
            all.add(asking(i % 2, LONG, "n" + number));
        }
        for (int i = 0; i < 200; i++) {
            assertThat(get(all.get(i))).isEqualTo("a n" + i);
        }
        until("accepted", () -> backend.accepted.get() == 1);
        assertThat(stats(1).forwarded.get() + stats(0).forwarded.get()).isPositive();
    }

    @Test
    void aLentConnectionComesBackWhereTheRequestIsGivenUpBeforeItBegins() {
        connections(ConnectionsConfig.defaults().withBounds(1, 4, 4));
        pool(false, backend("a"));
        for (int i = 0; i < 100; i++) {
            Line line = take(1);
            long before = stats(0).forwarded.get();
            ShardFuture<String> asked = on(engine, 0,
                    () -> pool.use(0, null, LONG, connection -> connection.ask("x")));
            ShardFuture<Boolean> left = on(engine, 0, () -> whenForwarded(before, asked));
            give(1, line);
            assertThat(get(left)).isTrue();
        }
        until("nothing is out", () -> stats(0).active.get() == 0 && stats(1).active.get() == 0);
        assertThat(ask(0, "y")).isEqualTo("a y");
        assertThat(ask(1, "z")).isEqualTo("a z");
    }

    /** Gives a request up in the turn in which it goes to the other shard, or soon after. */
    private ShardFuture<Boolean> whenForwarded(long before, ShardFuture<String> asked) {
        ShardFuture<Boolean> done = Shard.current().newFuture();
        new Runnable() {
            @Override
            public void run() {
                if (stats(0).forwarded.get() > before || asked.isDone()) {
                    asked.cancel(false);
                    done.complete(true);
                } else {
                    Shard.current().execute(this);
                }
            }
        }.run();
        return done;
    }

    @Test
    void movesAPermitToAShardThatMustHaveAConnectionOfItsOwn() {
        Backend backend = backend("a");
        connections(ConnectionsConfig.defaults().withBounds(1, 4, 4));
        pool(false, backend);
        for (int i = 0; i < 6; i++) {
            int shard = i % 2;
            Line line = take(shard);
            give(shard, line);
        }
        assertThat(stats(0).created.get() + stats(1).created.get()).isEqualTo(6);
        assertThat(stats(0).closed(CloseReason.EVICTED) + stats(1).closed(CloseReason.EVICTED)).isEqualTo(5);
    }

    @Test
    void closesAtOnceWhoWaitsFailsByName() {
        connections(ConnectionsConfig.defaults().withBounds(1, 1, 1));
        pool(false, backend("a"));
        Line line = take(0);
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
        pool(new Lines(false), endpoint);
        ShardFuture<Line> refused = on(engine, 0, () -> pool.local().take(0, null, LONG));
        assertThat(failure(refused).reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(failure(refused)).hasMessageContaining("127.0.0.1:" + endpoint.port());
        assertThat(stats(0).connectFailures.get()).isPositive();
        Backend again = Backend.start(engine, "again", endpoint.port(), channel -> {});
        open.add(again);
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
}
