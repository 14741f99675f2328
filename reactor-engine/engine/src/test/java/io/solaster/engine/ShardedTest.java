package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ShardedTest {
    private static final ConcurrentLinkedQueue<Part> CLOSED = new ConcurrentLinkedQueue<>();

    private static final class Part implements AutoCloseable {
        final Shard madeOn = Shard.current();

        Shard usedOn() {
            return Shard.current();
        }

        @Override
        public void close() {
            assertThat(Shard.current()).isSameAs(madeOn);
            CLOSED.add(this);
        }
    }

    @Test
    void isMadeUsedAndClosedOnItsShard() {
        CLOSED.clear();
        Sharded<Part> parts;
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            parts = engine.sharded(shard -> new Part());
            assertThat(Engines.get(parts.onAll(part -> part.madeOn))).isEqualTo(engine.shards());
            assertThat(Engines.get(parts.on(1, Part::usedOn))).isSameAs(engine.shard(1));
            assertThat(Engines.get(engine.submitTo(1, () -> parts.local().madeOn))).isSameAs(engine.shard(1));
            assertThat(Engines.get(engine.submitTo(1, () -> parts.on(engine.shard(1)).madeOn)))
                    .isSameAs(engine.shard(1));
            assertThat(CLOSED).isEmpty();
        }
        assertThat(CLOSED).hasSize(2);
    }

    @Test
    void isSeenOverInstancesKeptElsewhere() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            Sharded<Shard> shards = Sharded.over(engine, shard -> {
                assertThat(Shard.current()).isSameAs(shard);
                return shard;
            });
            assertThat(Engines.get(shards.onAll(shard -> shard))).isEqualTo(engine.shards());
            assertThat(Engines.<Shard>get(shards.onOwner("a key", shard -> shard)).id())
                    .isEqualTo(engine.shardOf("a key"));
        }
    }

    @Test
    void tellsBothSidesWhenTouchedFromAnotherShardOrThread() {
        try (Engine engine = Engines.start(Transport.NIO, 2); Engine other = Engines.start(Transport.NIO, 3)) {
            Sharded<Part> parts = engine.sharded(shard -> new Part());
            assertThatExceptionOfType(WrongShardException.class)
                    .isThrownBy(() -> Engines.get(engine.submitTo(0, () -> parts.on(engine.shard(1)))))
                    .withMessageContainingAll("belongs to shard 1 of engine '" + engine.name() + "'",
                            "touched by shard 0 (thread " + engine.name() + "-shard-0)", "submitTo(1");
            assertThatExceptionOfType(WrongShardException.class).isThrownBy(() -> parts.on(engine.shard(1)))
                    .withMessageContainingAll("shard 1", "thread " + Thread.currentThread().getName());
            assertThatExceptionOfType(WrongShardException.class).isThrownBy(() -> engine.shard(0).mesh());
            assertThatIllegalStateException().isThrownBy(parts::local)
                    .withMessageContaining("is no shard of engine '" + engine.name() + "'");
            for (int id : List.of(0, 2)) {
                assertThatIllegalStateException().isThrownBy(() -> Engines.get(other.submitTo(id, parts::local)));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Engines.get(other.submitTo(id, () -> parts.on(other.shard(id)))))
                        .withMessageContainingAll(other.name(), engine.name());
            }
        }
    }

    @Test
    void checksAreAsEagerAsConfigured() {
        for (OwnerChecks checks : OwnerChecks.values()) {
            try (Engine engine = Engines.start(
                    Changed.with(EngineConfig.defaults().withTransport(Transport.NIO), "checks", checks), 2)) {
                assertThat(throwsOnThisThread(() -> engine.shard(0).assertOwner("it")))
                        .isEqualTo(checks != OwnerChecks.OFF);
                assertThat(throwsOnThisThread(() -> engine.shard(0).assertOwnerFully("it")))
                        .isEqualTo(checks == OwnerChecks.FULL);
                Engines.get(engine.submitTo(0, () -> {
                    engine.shard(0).assertOwner("it");
                    engine.shard(0).assertOwnerFully("it");
                    return true;
                }));
            }
        }
    }

    private static boolean throwsOnThisThread(Runnable check) {
        try {
            check.run();
            return false;
        } catch (WrongShardException e) {
            return true;
        }
    }

    @Test
    void whereOneCannotBeMadeTheOthersAreClosed() {
        CLOSED.clear();
        try (Engine engine = Engines.start(Transport.NIO, 3)) {
            assertThatIllegalArgumentException().isThrownBy(() -> engine.sharded(shard -> {
                if (shard.id() == 1) {
                    throw new IllegalArgumentException("on purpose");
                }
                return new Part();
            })).withMessage("on purpose");
            assertThat(CLOSED).extracting(part -> part.madeOn.id()).containsExactlyInAnyOrder(0, 2);
        }
        assertThat(CLOSED).hasSize(2);
    }

    @Test
    void anEngineThatStopsTakesNoMore() {
        CLOSED.clear();
        Engine engine = Engines.start(Transport.NIO, 2);
        java.util.concurrent.atomic.AtomicReference<Throwable> refusal = new java.util.concurrent.atomic.AtomicReference<>();
        engine.onStop(() -> {
            try {
                engine.sharded(shard -> new Part());
            } catch (IllegalStateException e) {
                refusal.set(e);
            }
        });
        engine.close();
        assertThat(refusal.get()).hasMessageContaining("is stopping");
        assertThat(CLOSED).hasSize(2);
    }
}
