package io.solaster.engine.thread;

import static io.solaster.engine.thread.ForkTest.onFork;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Fork;
import io.solaster.engine.Scope;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ScopeTest {
    private static Engine engine;
    private static Shard shard;

    @BeforeAll
    static void start() {
        engine = Engines.start(Transport.NIO, 2);
        shard = engine.shard(1);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    @Test
    void joinWaitsForAll() {
        assertThat(onFork(shard, () -> {
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST)) {
                List<Fork<Integer>> forks = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    int number = i;
                    forks.add(scope.fork(() -> engine.submitTo(0, () -> number).join()));
                }
                scope.join();
                Fork<Shard> further = scope.fork(Shard::current);
                scope.join();
                return List.of(forks.stream().mapToInt(fork -> fork.future().join()).sum(), further.future().join());
            }
        })).isEqualTo(List.of(45, shard));
    }

    @Test
    void theFirstFailureCancelsTheRest() {
        List<String> ends = new ArrayList<>();
        assertThatThrownBy(() -> onFork(shard, () -> {
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST)) {
                Fork<Object> waits = scope.fork(() -> waitInVain(ends));
                scope.fork((Runnable) () -> {
                    throw new IllegalArgumentException("on purpose");
                });
                try {
                    scope.join();
                } finally {
                    ends.add("joined");
                    assertThat(waits.future()).isCompletedExceptionally();
                    Fork<Integer> late = scope.fork(() -> 1);
                    assertThat(late.future()).isCancelled();
                }
            }
            return 1;
        })).rootCause().isInstanceOf(IllegalArgumentException.class).hasMessage("on purpose");
        assertThat(ends).containsExactly("interrupted", "joined");
    }

    @Test
    void orNotIfItIsToWaitForAll() {
        assertThat(onFork(shard, () -> {
            try (Scope scope = Scope.open(Scope.Policy.WAIT_FOR_ALL)) {
                Fork<Object> fails = scope.fork(() -> {
                    throw new IllegalArgumentException("on purpose");
                });
                Fork<Integer> answers = scope.fork(() -> engine.submitTo(0, () -> 1).join());
                scope.join();
                assertThat(fails.future().exceptionNow()).hasMessage("on purpose");
                return answers.future().join();
            }
        })).isEqualTo(1);
    }

    @Test
    void theDeadlineCancels() {
        List<String> ends = new ArrayList<>();
        assertThatThrownBy(() -> onFork(shard, () -> {
            try (Scope scope = Scope.open(Scope.Policy.WAIT_FOR_ALL, Duration.ofMillis(5))) {
                scope.fork(() -> waitInVain(ends));
                scope.join();
            }
            return 1;
        })).cause().isInstanceOf(TimeoutException.class).hasMessageContaining("within PT0.005S");
        assertThat(ends).containsExactly("interrupted");
    }

    @Test
    void closeCancelsAndWaits() {
        List<String> ends = new ArrayList<>();
        assertThat(onFork(shard, () -> {
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST, Duration.ofHours(1))) {
                scope.fork(() -> waitInVain(ends));
                Thread.yield();
            }
            ends.add("closed");
            return shard.threads().living();
        })).isEqualTo(1);
        assertThat(ends).containsExactly("interrupted", "closed");
    }

    @Test
    void anInterruptEndsTheWaitAndCloseCancels() {
        List<String> ends = new ArrayList<>();
        Fork<Integer> outer = shard.fork(() -> {
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST)) {
                scope.fork(() -> waitInVain(ends));
                scope.join();
            }
            return 1;
        });
        Engines.until("both wait", () -> shard.threads().living() == 2
                && outer.thread().getState() == Thread.State.WAITING);
        outer.cancel();
        assertThatThrownBy(() -> outer.future().get()).isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedException.class);
        assertThat(ends).containsExactly("interrupted");
    }

    @Test
    void isForStraightLineCodeAndItsOwnThread() {
        assertThatIllegalStateException().isThrownBy(() -> Scope.open(Scope.Policy.FAIL_FAST))
                .withMessageContaining("no virtual thread of a shard; use Shard.fork");
        assertThatIllegalStateException()
                .isThrownBy(() -> Engines.get(engine.submitTo(1, () -> Scope.open(Scope.Policy.FAIL_FAST))))
                .withMessageContaining("a scope is for straight-line code");
        assertThat(onFork(shard, () -> {
            Scope scope = Scope.open(Scope.Policy.WAIT_FOR_ALL);
            Fork<Object> child = scope.fork(() -> scope.fork(() -> 1));
            scope.join();
            scope.close();
            assertThatIllegalStateException().isThrownBy(() -> scope.fork(() -> 1)).withMessageContaining("closed");
            return child.future().exceptionNow().getMessage();
        })).contains("each thread opens its own");
    }

    private static Object waitInVain(List<String> ends) throws Exception {
        try {
            return new CompletableFuture<>().get();
        } catch (InterruptedException e) {
            ends.add("interrupted");
            throw e;
        }
    }
}
