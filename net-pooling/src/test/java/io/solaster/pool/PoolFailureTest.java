package io.solaster.pool;

import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.PoolException.Reason;
import io.solaster.testkit.chaos.Direction;
import io.solaster.testkit.chaos.FaultProxy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a pool does when networks and servers fail, on any transport; a subclass each. */
abstract class PoolFailureTest extends Rig {
    private static final ConnectionsConfig DEFAULTS = ConnectionsConfig.defaults();

    PoolFailureTest(Transport transport) {
        super(transport);
    }

    @Test
    void waitsForAnEndpointThatIsDownAtTheStart() {
        FaultProxy proxy = before(backend("a"));
        down(proxy);
        connections(DEFAULTS.withMinIdle(1, Duration.ofMillis(20)));
        pool(false, proxy);
        assertThat(failures(askAll(20, LONG))).containsOnlyKeys(Reason.CONNECT_FAILED);
        assertThat(stats(0).connectFailures.get()).isPositive();
        // Without anybody asking, since there is to be one that is idle.
        proxy.listen();
        until("it has connected", () -> stats(0).idle() == 1 && stats(1).idle() == 1);
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertNothingLeaked(port(proxy));
    }

    @Test
    @Tag("smoke")
    void failsByNameWhileAnEndpointRefusesAndRecovers() {
        FaultProxy proxy = before(backend("a"));
        pool(false, proxy);
        assertThat(failures(askAll(20, LONG))).isEmpty();
        down(proxy);
        until("it is seen", () -> stats(0).open.get() + stats(1).open.get() == 0);
        assertThat(failures(askAll(200, LONG))).isEqualTo(Map.of(Reason.CONNECT_FAILED, 200));
        // No storm: what waits for the back-off does not connect.
        assertThat(stats(0).connectFailures.get() + stats(1).connectFailures.get()).isLessThan(100);
        proxy.listen();
        untilAnswered(0);
        untilAnswered(1);
        assertThat(failures(askAll(20, LONG))).isEmpty();
        assertNothingLeaked(port(proxy));
    }

    @Test
    void givesUpAnEndpointThatAcceptsAndIsSilent() {
        FaultProxy proxy = before(backend("a"));
        proxy.partition();
        connections(Changed.with(DEFAULTS, "maxConnecting", 4, "connectTimeout", Duration.ofMillis(200)));
        pool(new Lines(false, true), endpoint(proxy));
        CompletableFuture<String> asked = asking(0, LONG, "x");
        assertThat(failure(asked).reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(failure(asked)).hasMessageContaining("has not greeted");
        assertThat(stats(0).connectFailures.get()).isPositive();
        proxy.heal();
        untilAnswered(0);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void checksWhatWasIdleBeforeItIsUsed() {
        FaultProxy proxy = before(backend("a"));
        connections(Changed.with(DEFAULTS, "maxIdle", Duration.ZERO, "maxLifetime", Duration.ZERO, "validateAfter",
                Duration.ofMillis(20), "maxConnecting", 4, "connectTimeout", Duration.ofMillis(200)));
        pool(false, proxy);
        assertThat(ask(0, "x")).isEqualTo("a x");
        // It is there, and says nothing any more: only a question finds that out.
        proxy.partition();
        until("it was found out", () -> stats(0).closed(CloseReason.INVALID) >= 1);
        proxy.heal();
        // A busy machine may take longer to connect than a connection may take here.
        untilAnswered(0);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void tellsOfAConnectionThatIsResetInMidReply() {
        FaultProxy proxy = before(backend("a"));
        pool(false, proxy);
        CompletableFuture<String> first = asking(0, LONG, "x");
        assertThat(get(first)).isEqualTo("a x");
        proxy.resetAfter(Direction.TO_CLIENT, 2);
        PoolException lost = failure(asking(0, LONG, "y"));
        assertThat(lost.reason()).isEqualTo(Reason.CONNECTION_LOST);
        // It had been idle, so whoever may repeat the request does so at once.
        assertThat(lost.isStale()).isTrue();
        PoolException again = failure(asking(0, LONG, "z"));
        assertThat(again.reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(again.isStale()).as("the connection was new").isFalse();
        until("they are counted", () -> stats(0).closed(CloseReason.BROKEN) == 2);
        proxy.heal();
        assertThat(ask(0, "w")).isEqualTo("a w");
        assertNothingLeaked(port(proxy));
    }

    @Test
    @Tag("smoke")
    void neverHandsOutAConnectionThatItHasSeenClose() {
        FaultProxy proxy = before(backend("a"));
        pool(false, proxy);
        for (int i = 0; i < 20; i++) {
            assertThat(ask(0, "x")).isEqualTo("a x");
            proxy.closeConnections();
            until("it is seen", () -> stats(0).open.get() == 0);
        }
        assertThat(stats(0).closed(CloseReason.REMOTE)).isEqualTo(20);
        assertThat(stats(0).closed(CloseReason.BROKEN)).isZero();
        assertNothingLeaked(port(proxy));
    }

    @Test
    void boundsWhoWaitsForAnEndpointThatIsSlow() {
        FaultProxy proxy = before(backend("a"));
        answersLater(proxy, 200);
        connections(DEFAULTS.withBounds(4, 2, 2));
        pool(false, proxy);
        List<CompletableFuture<String>> asked = askAll(40, Duration.ofMillis(300));
        Map<Reason, Integer> failures = failures(asked);
        assertThat(failures).containsOnlyKeys(Reason.ACQUIRE_TIMEOUT);
        assertThat(stats(0).timeouts.get() + stats(1).timeouts.get())
                .isEqualTo(failures.get(Reason.ACQUIRE_TIMEOUT).longValue());
        answersLater(proxy, 0);
        assertThat(failures(askAll(40, LONG))).isEmpty();
        assertNothingLeaked(port(proxy));
    }

    @Test
    void outlivesAnEndpointThatFlaps() {
        FaultProxy proxy = before(backend("a"));
        pool(false, proxy);
        List<CompletableFuture<String>> asked = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            asked.addAll(askAll(20, LONG));
            down(proxy);
            asked.addAll(askAll(20, LONG));
            proxy.listen();
        }
        assertThat(failures(asked).keySet()).isSubsetOf(Reason.CONNECT_FAILED, Reason.CONNECTION_LOST);
        assertThat(ends()).as("connections lost, connects failed").isPositive();
        untilAnswered(0);
        untilAnswered(1);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void outlivesThatAllEndpointsAreDown() {
        FaultProxy one = before(backend("a"));
        FaultProxy two = before(backend("b"));
        pool(false, one, two);
        assertThat(failures(askAll(40, LONG))).isEmpty();
        down(one);
        until("it is seen", () -> Sockets.to(port(one)) == 0);
        // One is left: who would have gone to the other goes there, since nothing was sent yet.
        assertThat(failures(askAll(40, LONG)).keySet()).isSubsetOf(Reason.CONNECTION_LOST);
        down(two);
        until("nothing is open", () -> stats(0).open.get() + stats(1).open.get() == 0);
        assertThat(failures(askAll(40, LONG))).isEqualTo(Map.of(Reason.CONNECT_FAILED, 40));
        assertThat(stats(0).connectFailures.get()).isPositive();
        assertThat(stats(1).connectFailures.get()).isPositive();
        one.listen();
        two.listen();
        untilAnswered(0);
        untilAnswered(1);
        assertThat(failures(askAll(40, LONG))).isEmpty();
        assertNothingLeaked(port(one), port(two));
    }

    @Test
    void servesTenThousandThatWaitForOneConnection() {
        FaultProxy proxy = before(backend("a"));
        connections(Changed.with(DEFAULTS.withBounds(2, 1, 1), "maxPending", 10_000, "acquireTimeout", LONG));
        pool(false, proxy);
        Line held = take(0);
        List<ShardFuture<String>> waiting = on(engine, 0, () -> {
            List<ShardFuture<String>> all = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                all.add(pool.use(0, null, LONG, line -> CompletableFuture.completedFuture("served")));
            }
            return all;
        });
        ShardFuture<String> tooMany = on(engine, 0, () -> pool.use(0, null, LONG, line -> line.ask("x")));
        assertThat(failure(tooMany).reason()).isEqualTo(Reason.TOO_MANY_PENDING);
        assertThat(stats(0).pending.get()).isEqualTo(10_000);
        give(0, held);
        waiting.forEach(TestEngines::get);
        assertThat(stats(0).acquire.snapshot().count()).isGreaterThanOrEqualTo(10_001);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void failsTenThousandThatWaitInVainByName() {
        FaultProxy proxy = before(backend("a"));
        connections(Changed.with(DEFAULTS.withBounds(1, 1, 1), "maxPending", 10_000, "acquireTimeout", LONG));
        pool(false, proxy);
        Line held = take(0);
        List<ShardFuture<Line>> waiting = on(engine, 0, () -> {
            List<ShardFuture<Line>> all = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                all.add(pool.local().take(0, null, Duration.ofMillis(100 + i % 100)));
            }
            return all;
        });
        for (ShardFuture<Line> each : waiting) {
            assertThat(failure(each).reason()).isEqualTo(Reason.ACQUIRE_TIMEOUT);
        }
        assertThat(stats(0).timeouts.get()).isEqualTo(10_000);
        give(0, held);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void tellsWhoTookAConnectionAndDoesNotGiveItBack() {
        FaultProxy proxy = before(backend("a"));
        connections(Changed.with(DEFAULTS.withBounds(1, 1, 1), "leakAfter", Duration.ofMillis(20)));
        pool(false, proxy);
        Line held = take(0);
        until("the leak is told", () -> stats(0).leaks.get() == 1);
        ShardFuture<Line> waits = on(engine, 0, () -> pool.local().take(0, null, Duration.ofMillis(50)));
        assertThat(failure(waits).reason()).isEqualTo(Reason.ACQUIRE_TIMEOUT);
        assertThat(stats(0).leaks.get()).as("told once").isOne();
        give(0, held);
        assertNothingLeaked(port(proxy));
    }

    @Test
    void failsByNameWhoWaitsWhenTheEngineStops() {
        Backend backend = backend("a");
        connections(DEFAULTS.withBounds(2, 1, 1));
        pool(false, backend);
        take(0);
        take(1);
        List<CompletableFuture<String>> waiting = askAll(100, LONG);
        until("they wait", () -> stats(0).pending.get() + stats(1).pending.get() == 100);
        engine.close();
        assertThat(failures(waiting)).isEqualTo(Map.of(Reason.CLOSED, 100));
        assertThat(stats(0).pending.get() + stats(1).pending.get()).isZero();
        until("no socket is left", () -> Sockets.to(backend.port()) == 0);
    }
}
