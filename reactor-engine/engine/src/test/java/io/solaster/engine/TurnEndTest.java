package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import ch.qos.logback.classic.Logger;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.TurnEnd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Work at the end of a real shard's turns. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class TurnEndTest {

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whatManyTasksGatherLeavesAtOnce(Transport transport) {
        try (Engine engine = Engines.start(transport, 1)) {
            AtomicInteger gathered = new AtomicInteger();
            AtomicInteger left = new AtomicInteger();
            TurnEnd end = Engines.get(engine.submitTo(0, () -> engine.shard(0).atTurnEnd("gather",
                    engine.groups().get("default"), () -> left.addAndGet(gathered.getAndSet(0)))));
            int tasks = 1_000;
            Engines.get(engine.submitTo(0, () -> {
                for (int i = 0; i < tasks; i++) {
                    engine.shard(0).execute(() -> {
                        gathered.incrementAndGet();
                        end.ask();
                    });
                }
                return true;
            }));
            Engines.until("all has left", () -> left.get() == tasks);
            assertThat(Engines.get(engine.submitTo(0, end::runs))).isBetween(1L, (long) tasks - 1);
        }
    }

    @Test
    void oneThatThrowsIsLoggedAndGoesOn() {
        Logger log = (Logger) LoggerFactory.getLogger(GroupScheduler.class);
        boolean additive = log.isAdditive();
        log.setAdditive(false);
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            AtomicInteger ran = new AtomicInteger();
            AtomicReference<TurnEnd> end = new AtomicReference<>();
            Engines.get(engine.submitTo(0, () -> {
                end.set(engine.shard(0).atTurnEnd("throws", engine.groups().get("default"), () -> {
                    if (ran.incrementAndGet() == 1) {
                        throw new IllegalStateException("on purpose");
                    }
                }));
                end.get().ask();
                return true;
            }));
            Engines.until("it has run", () -> ran.get() == 1);
            engine.shard(0).execute(() -> end.get().ask());
            Engines.until("it has run again", () -> ran.get() == 2);
        } finally {
            log.setAdditive(additive);
        }
    }

    @Test
    void whatIsAskedForBeforeTheShardStopsRuns() {
        AtomicInteger ran = new AtomicInteger();
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            TurnEnd end = Engines.get(engine.submitTo(0, () -> engine.shard(0).atTurnEnd("last",
                    engine.groups().get("default"), ran::incrementAndGet)));
            engine.shard(0).execute(end::ask);
        }
        assertThat(ran).hasValue(1);
    }

    @Test
    void itIsTheShardsOwn() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            assertThatExceptionOfType(WrongShardException.class).isThrownBy(
                    () -> engine.shard(0).atTurnEnd("stranger", engine.groups().get("default"), () -> {}));
        }
    }
}
