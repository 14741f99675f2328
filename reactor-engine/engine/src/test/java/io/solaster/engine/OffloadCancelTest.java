package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.OffloadConfig;
import org.junit.jupiter.api.Test;

/** Calls off the shards that are cancelled from one side while threads take them from the other, and at last a stop. */
class OffloadCancelTest {

    @Test
    void eachCallEndsOnceAndNoneIsForgotten() throws Exception {
        for (int round = 0; round < 20; round++) {
            List<AtomicInteger> begun = new ArrayList<>();
            List<CompletableFuture<Integer>> futures = new ArrayList<>();
            try (Engine engine = Engines.start(
                    Changed.with(EngineConfig.defaults(), "offload", OffloadConfig.of(2, 1_000)), 1)) {
                for (int i = 0; i < 500; i++) {
                    AtomicInteger times = new AtomicInteger();
                    begun.add(times);
                    futures.add(engine.offload().call(times::incrementAndGet));
                    if (i % 3 == 0) {
                        futures.get(i / 2).cancel(true);
                    }
                }
            }
            for (int i = 0; i < futures.size(); i++) {
                try {
                    assertThat(futures.get(i).get(60, TimeUnit.SECONDS)).isEqualTo(1);
                    assertThat(begun.get(i)).hasValue(1);
                } catch (CancellationException cancelled) {
                    assertThat(begun.get(i)).hasValueBetween(0, 1);
                } catch (ExecutionException e) {
                    assertThat(e.getCause()).isInstanceOf(RejectedExecutionException.class);
                    assertThat(begun.get(i)).hasValue(0);
                }
            }
        }
    }

    @Test
    void aStoppedEngineTakesNone() {
        Engine engine = Engines.start(EngineConfig.defaults(), 1);
        engine.close();
        assertThatThrownBy(() -> engine.offload().call(() -> 1).get())
                .hasCauseInstanceOf(RejectedExecutionException.class);
    }
}
