package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ContextCarrierTest {
    private static final ThreadLocal<String> NAME = new ThreadLocal<>();

    private static final ContextCarrier CARRIER = new ContextCarrier() {
        @Override
        public <T> Callable<T> carry(Callable<T> work) {
            String name = NAME.get();
            return name == null ? work : () -> {
                NAME.set(name);
                try {
                    return work.call();
                } finally {
                    NAME.remove();
                }
            };
        }
    };

    @Test
    void theContextGoesAlongToShardsForksAndOffload() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            NAME.set("mine");
            assertThat(Engines.get(engine.submitTo(1, NAME::get))).isNull();
            engine.carryContext(CARRIER);
            assertThat(Engines.get(engine.submitTo(1, NAME::get))).isEqualTo("mine");
            assertThat(Engines.get(engine.submitToAll(shard -> NAME.get()))).containsExactly("mine", "mine");
            assertThat(Engines.get(engine.offload().call(NAME::get))).isEqualTo("mine");
            assertThat(Engines.get(engine.shard(0).fork(NAME::get).future())).isEqualTo("mine");
            CompletableFuture<String> twice = new CompletableFuture<>();
            engine.submitTo(0, () -> engine.submitTo(1, NAME::get).thenAccept(twice::complete));
            assertThat(Engines.get(twice)).isEqualTo("mine");
            NAME.remove();
            assertThat(Engines.get(engine.submitToAll(shard -> String.valueOf(NAME.get())))).containsExactly("null",
                    "null");
            engine.carryContext(null);
            NAME.set("mine");
            assertThat(Engines.get(engine.submitTo(1, NAME::get))).isNull();
        } finally {
            NAME.remove();
        }
    }
}
