package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StageCallTest {
    private static Engine engine;

    @BeforeAll
    static void start() {
        engine = Engines.start(Transport.NIO, 2);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    @Test
    void whatTheStageComesToComesHome() {
        CompletableFuture<List<Shard>> seen = new CompletableFuture<>();
        CompletableFuture<Shard> there = new CompletableFuture<>();
        engine.shard(0).execute(() -> engine.submitStageTo(1, CallOptions.DEFAULTS, () -> there)
                .thenAccept(shard -> seen.complete(List.of(shard, Shard.current()))));
        engine.submitTo(1, () -> there.complete(Shard.current()));
        assertThat(Engines.get(seen)).containsExactly(engine.shard(1), engine.shard(0));
    }

    @Test
    void failuresKeepTheirTypeWhetherThrownOrFailed() {
        IOException thrown = new IOException("thrown");
        IOException failed = new IOException("failed");
        ShardFuture<String> first = engine.submitStageTo(1, CallOptions.DEFAULTS, () -> {
            throw thrown;
        });
        ShardFuture<String> second = engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> CompletableFuture.supplyAsync(() -> "x")
                        .thenCompose(x -> CompletableFuture.failedFuture(failed)));
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> first.get(60, TimeUnit.SECONDS))
                .withCause(thrown);
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> second.get(60, TimeUnit.SECONDS))
                .withCause(failed);
        assertThat(failed.getSuppressed()[0]).isInstanceOf(CalledShard.class);
    }

    @Test
    void givingUpCancelsTheStage() {
        CompletableFuture<String> stage = new CompletableFuture<>();
        CompletableFuture<String> late = new CompletableFuture<>();
        ShardFuture<String> cancelled = engine.submitStageTo(1, CallOptions.DEFAULTS, () -> stage);
        Engines.get(engine.submitTo(1, () -> true));
        cancelled.cancel(false);
        Engines.until("the stage is cancelled", stage::isCancelled);

        AtomicBoolean begun = new AtomicBoolean();
        ShardFuture<String> timed = engine.submitStageTo(1, CallOptions.within(Duration.ofMillis(20)), () -> {
            begun.set(true);
            return late;
        });
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> timed.get(60, TimeUnit.SECONDS))
                .withCauseInstanceOf(TimeoutException.class)
                .withMessageContaining("a call to shard 1 was not answered within PT0.02S");
        // Where the machine is so slow that the deadline came first, the work has not begun.
        Engines.until("the stage is cancelled", () -> late.isCancelled() || !begun.get());
    }

    @Test
    void aStageThatIsOpenWhenTheEngineStopsFailsByName() {
        Engine stopping = Engines.start(Transport.NIO, 2);
        ShardFuture<String> fromOutside = stopping.submitStageTo(1, CallOptions.DEFAULTS, CompletableFuture::new);
        ShardFuture<ShardFuture<String>> fromAShard = stopping.submitTo(0,
                () -> stopping.submitStageTo(1, CallOptions.DEFAULTS, CompletableFuture::new));
        ShardFuture<String> between = Engines.get(fromAShard);
        Engines.get(stopping.submitTo(1, () -> true));
        stopping.close();
        for (ShardFuture<String> each : List.of(fromOutside, between)) {
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> each.get(60, TimeUnit.SECONDS))
                    .withCauseInstanceOf(ShardStoppedException.class)
                    .withMessageContaining("shard 1 of engine '" + stopping.name() + "' has stopped");
        }
    }

    @Test
    void aStageThatIsDoneLeavesNothingBehind() {
        CompletableFuture<String> elsewhere = new CompletableFuture<>();
        List<ShardFuture<String>> answers = List.of(
                engine.submitStageTo(1, CallOptions.DEFAULTS, () -> CompletableFuture.completedFuture("at once")),
                engine.submitStageTo(1, CallOptions.DEFAULTS,
                        () -> Shard.sleep(Duration.ofMillis(1)).thenApply(x -> "y")),
                engine.submitStageTo(1, CallOptions.DEFAULTS, () -> elsewhere));
        Engines.get(engine.submitTo(1, () -> true));
        elsewhere.complete("from elsewhere");
        answers.forEach(Engines::get);
        assertThat(Engines.get(engine.submitTo(1, () -> engine.shard(1).unfinished().isEmpty()))).isTrue();
    }

    @Test
    void workThatReturnsNoStageFails() {
        ShardFuture<String> none = engine.submitStageTo(1, CallOptions.DEFAULTS, () -> null);
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> none.get(60, TimeUnit.SECONDS))
                .withMessageContaining("work on shard 1 returned no stage");
    }
}
