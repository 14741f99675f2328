package io.solaster.engine.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.GlobalEventExecutor;
import org.junit.jupiter.api.Test;

class EnvironmentTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private final Threads threads = Environment.SYSTEM.threads();

    @Test
    void theSystemLeavesNothingToChance() {
        for (int i = 0; i < 1000; i++) {
            assertThat(Environment.SYSTEM.sometimes("a rare branch")).isFalse();
        }
        assertThat(Environment.SYSTEM.limit("a limit", 512)).isEqualTo(512);
    }

    @Test
    void timersMayGoByAClockOfTheirOwn() {
        AtomicLong time = new AtomicLong(7);
        Environment own = Environment.SYSTEM.withTimerClock(time::get);
        assertThat(own.timerClock().nanoTime()).isEqualTo(7);
        assertThat(own.clock()).isSameAs(Environment.SYSTEM.clock());
        assertThat(own.threads()).isSameAs(threads);
        assertThat(Environment.SYSTEM.timerClock()).isSameAs(Environment.SYSTEM.clock());
    }

    @Test
    void oneThatForwardsForgetsNothing() {
        assertThat(Environment.class.getMethods()).filteredOn(method -> !Modifier.isStatic(method.getModifiers()))
                .filteredOn(method -> !method.getName().equals("withTimerClock"))
                .allSatisfy(method -> assertThat(
                        ForwardingEnvironment.class.getMethod(method.getName(), method.getParameterTypes())
                                .getDeclaringClass())
                        .isEqualTo(ForwardingEnvironment.class));
    }

    @Test
    void timersGoByAClockThatIsOverriddenUnlessTheyHaveTheirOwn() {
        TimeSource own = () -> 3;
        TimeSource overridden = () -> 4;
        assertThat(clocked(Environment.SYSTEM, overridden).timerClock()).isSameAs(overridden);
        assertThat(clocked(Environment.SYSTEM.withTimerClock(own), overridden).timerClock()).isSameAs(own);
        assertThat(clocked(Environment.SYSTEM, overridden).withTimerClock(own).timerClock()).isSameAs(own);
    }

    private static Environment clocked(Environment of, TimeSource clock) {
        return new ForwardingEnvironment(of) {
            @Override
            public TimeSource clock() {
                return clock;
            }
        };
    }

    @Test
    void startsDaemonsByName() throws InterruptedException {
        CompletableFuture<String> name = new CompletableFuture<>();
        Thread thread = threads.start("helper", () -> name.complete(Thread.currentThread().getName()));
        assertThat(threads.await(name, LONG)).isTrue();
        assertThat(name).isCompletedWithValue("helper");
        assertThat(thread.isDaemon()).isTrue();
        assertThat(threads.factory("pool-").newThread(() -> {}).getName()).isEqualTo("pool-0");
    }

    @Test
    void tellsOfAWaitWhetherTheFutureWasDoneInTime() throws InterruptedException {
        assertThat(threads.await(CompletableFuture.completedFuture(1), Duration.ZERO)).isTrue();
        assertThat(threads.await(CompletableFuture.failedFuture(new IllegalStateException()), LONG)).isTrue();
        assertThat(threads.await(new CompletableFuture<>(), Duration.ofMillis(1))).isFalse();
        CompletableFuture<Void> cancelled = new CompletableFuture<>();
        cancelled.cancel(false);
        assertThat(threads.await(cancelled, LONG)).isTrue();
        DefaultPromise<Void> promise = new DefaultPromise<>(GlobalEventExecutor.INSTANCE);
        assertThat(threads.await(promise, Duration.ofMillis(1))).isFalse();
        promise.setSuccess(null);
        assertThat(threads.await(promise, LONG)).isTrue();
    }

    @Test
    void aWaitCanBeInterrupted() {
        Thread.currentThread().interrupt();
        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> threads.await(new CompletableFuture<>(), LONG));
        assertThat(Thread.interrupted()).isFalse();
    }
}
