package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.ShardStoppedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What waits on a shard when that ends fails by name, with a timeout or without. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class EndTest {

    private static Map<String, CompletableFuture<?>> waits(CompletableFuture<String> elsewhere, Patience patience) {
        Map<String, CompletableFuture<?>> waits = new LinkedHashMap<>();
        Semaphore taken = new Semaphore(0, 1);
        waits.put("acquire", taken.acquire(1, patience));
        waits.put("with", taken.with(1, patience, () -> CompletableFuture.completedFuture("")));
        RwLock lock = new RwLock();
        assertThat(lock.tryAcquireWrite()).isTrue();
        waits.put("acquireRead", lock.acquireRead(patience));
        Pipe<String> empty = new Pipe<>(1);
        waits.put("read", empty.read(patience));
        Pipe<String> full = new Pipe<>(1);
        assertThat(full.tryWrite("")).isTrue();
        waits.put("write", full.write("", patience));
        waits.put("condition", new ConditionVariable().await(patience));
        waits.put("shared", new SharedFuture<String>().await(patience));
        waits.put("shared of", SharedFuture.of(elsewhere).await(patience));
        Gate gate = new Gate();
        gate.enter();
        waits.put("gate", gate.close());
        waits.put("loop", Loops.doUntil(() -> false, () -> new Pipe<String>(1).read(patience)));
        waits.put("each", Loops.parallelForEach(java.util.List.of(1, 2), i -> new Pipe<String>(1).read(patience)));
        return waits;
    }

    @Test
    void everyWaitFailsByNameWhenItsShardEnds() {
        Engine engine = Engines.start(Transport.NIO, 1);
        CompletableFuture<String> elsewhere = new CompletableFuture<>();
        Map<String, CompletableFuture<?>> waits = Engines.get(engine.submitTo(0, () -> {
            Map<String, CompletableFuture<?>> all = new LinkedHashMap<>();
            waits(elsewhere, Patience.ENDLESS).forEach((name, wait) -> all.put(name + " without end", wait));
            waits(elsewhere, Patience.of(Duration.ofHours(1)))
                    .forEach((name, wait) -> all.put(name + " for an hour", wait));
            return all;
        }));
        engine.close();
        waits.forEach((name, wait) -> assertThatExceptionOfType(ExecutionException.class).as(name)
                .isThrownBy(() -> wait.get(60, TimeUnit.SECONDS)).withCauseInstanceOf(ShardStoppedException.class)
                .withMessageContaining("shard 0 of engine '" + engine.name() + "' has stopped"));
    }

    /** Something off the shards completes what a shard waits for, after that has ended. */
    @Test
    void whatComesTooLateFailsWhoeverWaitsForIt() {
        Engine engine = Engines.start(Transport.NIO, 1);
        CompletableFuture<Loops.Next> step = new CompletableFuture<>();
        CompletableFuture<String> work = new CompletableFuture<>();
        Map<String, CompletableFuture<?>> waits = Engines.get(engine.submitTo(0, () -> {
            Map<String, CompletableFuture<?>> all = new LinkedHashMap<>();
            all.put("repeat", Loops.repeat(() -> step));
            all.put("each", Loops.parallelForEach(java.util.List.of(1, 2), i -> step));
            all.put("with", new Semaphore(1).with(1, () -> work));
            all.put("gate", new Gate().with(() -> work));
            return all;
        }));
        engine.close();
        step.complete(Loops.Next.AGAIN);
        work.complete("done");
        waits.forEach((name, wait) -> assertThatExceptionOfType(ExecutionException.class).as(name)
                .isThrownBy(() -> wait.get(60, TimeUnit.SECONDS)).withCauseInstanceOf(ShardStoppedException.class));
    }
}
