package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.IdleConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.MeshConfig;
import io.solaster.config.StallConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ReconfigureTest {
    private final EngineConfig before = EngineConfig.defaults().withTransport(Transport.NIO)
            .withGroups(Map.of("reports", GroupConfig.ofShares(50)));
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engines.start(before, 2);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    /** Of the engine that runs: unpinned, with two shards. */
    private EngineConfig now() {
        return engine.config();
    }

    @Test
    void whatMayChangeIsInForceOnEveryShardWhenItIsDone() {
        EngineConfig changed = Changed.with(Changed.with(now()
                .withGroups(Map.of("reports", GroupConfig.ofShares(70), "mail", GroupConfig.ofShares(30))), "taskQuota",
                Duration.ofMillis(2)).withShutdownTimeout(Duration.ofSeconds(3))
                .withIdle(new IdleConfig(IdleConfig.Policy.PARK, Duration.ofNanos(1_000), Duration.ZERO)), "mesh",
                new MeshConfig(now().mesh().laneCapacity(), 1), "stalls",
                new StallConfig(true, Duration.ofMillis(123), 9, now().stalls().grace()));
        assertThat(Engines.get(engine.reconfigure(changed))).containsExactly(true, true);
        assertThat(engine.config()).isEqualTo(changed);
        assertThat(engine.groups().get("reports").shares()).isEqualTo(70);
        assertThat(engine.groups().get("mail").shares()).isEqualTo(30);
        assertThat(engine.stallWatchdog().orElseThrow().threshold()).isEqualTo(Duration.ofMillis(123));
        // Beyond one message under way a lane is full now.
        assertThat(Engines.get(engine.submitTo(0, () -> {
            engine.submitTo(1, () -> 1);
            engine.submitTo(1, () -> 2);
            return Shard.current().mesh().isWritable(1);
        }))).isFalse();
    }

    @Test
    void theTaskQuotaOfARunningShardChanges() {
        Engines.get(engine.reconfigure(Changed.with(now(), "taskQuota", Duration.ofHours(1))));
        assertThat(Engines.get(engine.submitTo(0, () -> {
            spin(Duration.ofMillis(20));
            return Shard.needPreempt();
        }))).isFalse();
        Engines.get(engine.reconfigure(Changed.with(now(), "taskQuota", Duration.ofNanos(1_000))));
        assertThat(Engines.get(engine.submitTo(0, () -> {
            spin(Duration.ofMillis(20));
            return Shard.needPreempt();
        }))).isTrue();
    }

    private static void spin(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void sharesThatCodeHasSetStayWhereTheirKeyDoes() {
        engine.groups().get("reports").setShares(11);
        Engines.get(engine.reconfigure(Changed.with(now(), "taskQuota", Duration.ofMillis(1))));
        assertThat(engine.groups().get("reports").shares()).isEqualTo(11);
    }

    @Test
    void whatNeedsARestartIsNamedAndNothingChanges() {
        EngineConfig change = Changed.with(now(), "taskQuota", Duration.ofMillis(3)).withShards(1)
                .withGroups(Map.of("reports", GroupConfig.ofShares(99)));
        assertThatThrownBy(() -> engine.reconfigure(change)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("solaster.engine.shards: 2 -> 1");
        assertThat(engine.config()).isEqualTo(now()).isNotEqualTo(change);
        assertThat(engine.groups().get("reports").shares()).isEqualTo(50);
        assertThat(engine.config().taskQuota()).isEqualTo(before.taskQuota());
    }

    @Test
    void tooManyGroupsAreRefusedAndNoneIsMade() {
        Map<String, GroupConfig> many = new HashMap<>(Map.of("reports", GroupConfig.ofShares(99)));
        IntStream.range(0, 64).forEach(i -> many.put("group-" + i, GroupConfig.defaults()));
        assertThatThrownBy(() -> engine.reconfigure(now().withGroups(many)))
                .isInstanceOf(InvalidConfigException.class).hasMessageContaining("too many");
        assertThat(engine.groups().find("group-0")).isEmpty();
        assertThat(engine.groups().get("reports").shares()).isEqualTo(50);
    }

    @Test
    void aShardThatIsBusyTakesTheChangeWhenItCan() {
        AtomicBoolean go = new AtomicBoolean();
        engine.shard(1).execute(() -> {
            while (!go.get()) {
                Thread.onSpinWait();
            }
        });
        var done = engine.reconfigure(Changed.with(now(), "taskQuota", Duration.ofMillis(4)));
        assertThat(engine.config().taskQuota()).isEqualTo(Duration.ofMillis(4));
        assertThat(done.isDone()).isFalse();
        go.set(true);
        assertThat(Engines.get(done)).containsExactly(true, true);
    }
}
