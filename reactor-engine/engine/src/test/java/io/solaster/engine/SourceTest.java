package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static io.solaster.engine.Engines.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Test;

/** Who answers a future hears that nobody waits for it. */
class SourceTest {

    @Test
    void whoCancelsTellsTheSource() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            AtomicInteger told = new AtomicInteger();
            ShardFuture<String> cancelled = get(
                    engine.submitTo(0, () -> Shard.current().<String>newFuture(told::incrementAndGet)));
            cancelled.cancel(false);
            until("the source is told", () -> told.get() > 0);
        }
    }

    @Test
    void aFailureTellsItAndAResultDoesNot() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            AtomicInteger told = new AtomicInteger();
            assertThat(get(engine.submitTo(0, () -> {
                Shard.current().<String>newFuture(told::incrementAndGet).resolve("done");
                return told.get();
            }))).isZero();
            assertThat(get(engine.submitTo(0, () -> {
                Shard.current().<String>newFuture(told::incrementAndGet).fail(new IllegalStateException());
                return told.get();
            }))).isPositive();
        }
    }
}
