package io.solaster.engine.timer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Netty's schedule and a shard's own timers, on shards that run. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ScheduleTest {
    private Engine engine;
    private Shard shard;

    @BeforeEach
    void start() {
        engine = Engines.start(Transport.NIO, 1);
        shard = engine.shard(0);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    /** All that is asked of the shard has been done. */
    private void settle() {
        Engines.get(engine.submitTo(0, () -> true));
    }

    private long pending() {
        return Engines.get(engine.submitTo(0, () -> shard.timers().stats().pending.get()));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void aSleepingShardWakesForItsTimers(Transport transport) throws InterruptedException {
        try (Engine each = Engines.start(transport, 1)) {
            CountDownLatch rounds = new CountDownLatch(20);
            each.shard(0).execute(() -> {
                Timers timers = each.shard(0).timers();
                Timer[] timer = new Timer[1];
                timer[0] = timers.timer(() -> {
                    rounds.countDown();
                    timer[0].arm(Duration.ofMillis(2));
                });
                timer[0].arm(Duration.ofMillis(2));
            });
            long begin = System.nanoTime();
            assertThat(rounds.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(38));
            assertThat(each.shard(0).stats().turns.get()).isLessThan(2_000);
            Shard slept = each.shard(0);
            assertThat(Engines.get(slept.schedule(Shard::current, 5, TimeUnit.MILLISECONDS))).isSameAs(slept);
        }
    }

    @Test
    void aCallAnswersNotBeforeItsDelayFromAnyThread() {
        long begin = System.nanoTime();
        assertThat(Engines.get(shard.schedule(() -> "done", 10, TimeUnit.MILLISECONDS))).isEqualTo("done");
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(10_000_000);

        CompletableFuture<Long> took = new CompletableFuture<>();
        shard.execute(() -> {
            long armed = System.nanoTime();
            shard.schedule(() -> {
                took.complete(System.nanoTime() - armed);
            }, 10, TimeUnit.MILLISECONDS);
        });
        assertThat(Engines.get(took)).isGreaterThanOrEqualTo(10_000_000);
        assertThat(Engines.get(shard.schedule(() -> 1, 0, TimeUnit.SECONDS))).isEqualTo(1);
        assertThat(Engines.get(shard.schedule(() -> 2, -9, TimeUnit.SECONDS))).isEqualTo(2);
    }

    @Test
    void cancelledByAnyThreadItLeavesTheWheelWithoutRunning() {
        AtomicInteger runs = new AtomicInteger();
        ScheduledFuture<?> foreign = shard.schedule(runs::incrementAndGet, 1, TimeUnit.HOURS);
        assertThat(pending()).isEqualTo(1);
        assertThat(foreign.cancel(false)).isTrue();
        assertThat(foreign.isCancelled()).isTrue();
        assertThat(foreign.isDone()).isTrue();
        assertThat(foreign.cancel(false)).isFalse();
        assertThat(pending()).isZero();

        boolean own = Engines.get(engine.submitTo(0, () -> {
            ScheduledFuture<?> future = shard.schedule(runs::incrementAndGet, 0, TimeUnit.HOURS);
            return future.cancel(true) && future.isCancelled();
        }));
        assertThat(own).isTrue();
        settle();
        assertThat(pending()).isZero();
        assertThat(runs).hasValue(0);
    }

    @Test
    void whatHasRunCannotBeCancelled() {
        ScheduledFuture<Integer> future = shard.schedule(() -> 1, 0, TimeUnit.SECONDS);
        Engines.get(future);
        assertThat(future.cancel(false)).isFalse();
        assertThat(future.isCancelled()).isFalse();
        assertThat(future.getNow()).isEqualTo(1);
    }

    @Test
    void aFailureIsTheFutures() {
        ScheduledFuture<?> future = shard.schedule(() -> {
            throw new IllegalStateException("thrown by the test");
        }, 1, TimeUnit.MILLISECONDS);
        assertThatThrownBy(() -> Engines.get(future)).isInstanceOf(IllegalStateException.class)
                .hasMessage("thrown by the test");
    }

    @Test
    void periodicUntilItIsCancelledOrFails() {
        AtomicInteger runs = new AtomicInteger();
        ScheduledFuture<?> rate = shard.scheduleAtFixedRate(runs::incrementAndGet, 0, 1, TimeUnit.MILLISECONDS);
        Engines.until("it has run 10 times", () -> runs.get() >= 10);
        assertThat(rate.isDone()).isFalse();
        assertThat(rate.cancel(false)).isTrue();
        settle();
        assertThat(pending()).isZero();

        AtomicInteger left = new AtomicInteger(5);
        ScheduledFuture<?> delay = shard.scheduleWithFixedDelay(() -> {
            if (left.decrementAndGet() == 0) {
                throw new IllegalStateException("thrown by the test");
            }
        }, 1, 1, TimeUnit.MILLISECONDS);
        assertThatThrownBy(() -> Engines.get(delay)).hasMessage("thrown by the test");
        assertThat(left).hasValue(0);
        assertThat(pending()).isZero();
    }

    @Test
    void aPeriodicTaskMayCancelItself() {
        AtomicInteger runs = new AtomicInteger();
        CompletableFuture<ScheduledFuture<?>> self = new CompletableFuture<>();
        self.complete(shard.scheduleAtFixedRate(() -> {
            if (runs.incrementAndGet() == 3) {
                self.join().cancel(false);
            }
        }, 1, 1, TimeUnit.MILLISECONDS));
        Engines.until("it has cancelled itself", () -> self.join().isCancelled());
        assertThat(pending()).isZero();
        assertThat(runs).hasValue(3);
    }

    @Test
    void futuresTellTheirDelayAndCompareByIt() {
        ScheduledFuture<?> near = shard.schedule(() -> 1, 1, TimeUnit.HOURS);
        ScheduledFuture<?> far = shard.schedule(() -> 1, 2, TimeUnit.HOURS);
        ScheduledFuture<?> never = shard.schedule(() -> 1, Long.MAX_VALUE, TimeUnit.DAYS);
        assertThat(near.getDelay(TimeUnit.MINUTES)).isEqualTo(59);
        assertThat(never.getDelay(TimeUnit.DAYS)).isGreaterThan(100_000);
        assertThat(near.compareTo(far)).isNegative();
        assertThat(far.compareTo(near)).isPositive();
        assertThat(never.compareTo(far)).isPositive();
        assertThat(near.compareTo(near)).isZero();
    }

    @Test
    void whatIsArmedWhenAShardStopsIsCancelled() {
        ScheduledFuture<?> future = shard.schedule(() -> 1, 1, TimeUnit.HOURS);
        settle();
        engine.close();
        assertThat(future.isCancelled()).isTrue();
    }

    @Test
    void periodsAreChecked() {
        assertThatThrownBy(() -> shard.scheduleAtFixedRate(this::settle, 0, 0, TimeUnit.SECONDS))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("period: 0 SECONDS; give more than 0");
        assertThatThrownBy(() -> shard.scheduleWithFixedDelay(this::settle, -1, 1, TimeUnit.SECONDS))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("initialDelay: -1 SECONDS; give 0 or more");
        assertThatThrownBy(() -> shard.schedule((Runnable) null, 0, TimeUnit.SECONDS))
                .isInstanceOf(NullPointerException.class);
    }
}
