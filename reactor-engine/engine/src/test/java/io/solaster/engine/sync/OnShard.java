package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.WrongShardException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** Tests that run on shard 0 of an engine; shard 1 is there to be the wrong one. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class OnShard {
    static final Patience SHORT = Patience.of(Duration.ofMillis(1));
    static final Patience LONG = Patience.of(Duration.ofHours(1));
    static final RuntimeException CAUSE = new RuntimeException("on purpose");

    static Engine engine;

    interface Body {
        void run() throws Exception;
    }

    @BeforeAll
    static void start() {
        engine = Engines.start(Transport.NIO, 2);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    static <T> T onShard(Callable<T> body) {
        return on(0, body);
    }

    static void onShard(Body body) {
        on(0, () -> {
            body.run();
            return null;
        });
    }

    private static <T> T on(int shard, Callable<T> body) {
        // Errors too come out as they are.
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        T result = Engines.get(engine.submitTo(shard, () -> {
            T value = null;
            Throwable failure = null;
            try {
                value = body.call();
            } catch (Throwable caught) {
                failure = caught;
            }
            thrown.complete(failure);
            return value;
        }));
        Throwable failure = thrown.join();
        switch (failure) {
            case null -> {
                return result;
            }
            case RuntimeException exception -> throw exception;
            case Error error -> throw error;
            default -> throw new AssertionError(failure);
        }
    }

    /** Every call fails clearly on another shard. */
    static void assertBelongsToItsShard(String what, Body... calls) {
        for (Body call : calls) {
            assertThatThrownBy(() -> on(1, () -> {
                call.run();
                return null;
            })).isInstanceOf(WrongShardException.class).hasMessageContaining(what + " belongs to shard 0");
        }
    }

    static void assertTimesOut(CompletableFuture<?> future) {
        assertThatThrownBy(() -> Engines.get(future)).rootCause().isInstanceOf(TimeoutException.class)
                .hasMessage("waited PT0.001S in vain");
    }

    static boolean pending(CompletableFuture<?> future) {
        return !future.isDone();
    }

    static boolean succeeded(CompletableFuture<?> future) {
        return future.isDone() && !future.isCompletedExceptionally();
    }

    /** What a future failed with, unwrapped; null if it has not. */
    static Throwable failure(CompletableFuture<?> future) {
        Throwable[] seen = {null};
        if (future.isDone()) {
            future.whenComplete((value, failure) -> seen[0] = failure);
        }
        return seen[0];
    }
}
