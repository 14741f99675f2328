package io.solaster.pool;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.env.Environment;
import io.solaster.engine.timer.ManualClock;
import io.solaster.pool.Lines.Line;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Requests that go by their keys, where there are fewer connections than endpoints. The clock stands still while they wait: whoever waits is
 * served by what happens, and not once somebody looks again.
 */
class PoolByKeyTest extends Rig {

    private final ManualClock clock = new ManualClock();

    PoolByKeyTest() {
        super(Transport.NIO);
    }

    @Override
    @BeforeEach
    void start() {
        engine = TestEngines.start(Transport.NIO, 2, Environment.SYSTEM.withTimerClock(clock));
        config = config.withBalancing(BalancingConfig.of(Algorithm.MAGLEV));
    }

    private ShardFuture<String> ask(long key) {
        return pool.use(key, null, LONG, line -> line.ask("key " + key));
    }

    @Test
    void aConnectionThatComesFreeMakesRoomForAnotherEndpoint() {
        connections(config.connections().withBounds(4, 1, 1));
        pool(false, backend("a"), backend("b"), backend("c"));
        for (long key = 1; key <= 10; key++) {
            long other = key + 1;
            long first = key;
            Line line = await(engine, 0, () -> pool.local().take(first, null, LONG));
            ShardFuture<String> waits = on(engine, 0, () -> ask(other));
            give(0, line);
            assertThat(get(waits)).endsWith("key " + other);
        }
    }

    @Test
    void shardsThatShareOneConnectionAreAllServed() {
        connections(config.connections().withBounds(1, 1, 1));
        pool(false, backend("a"), backend("b"), backend("c"));
        Line only = await(engine, 0, () -> pool.local().take(1, null, LONG));
        List<ShardFuture<String>> asked = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            long key = i;
            asked.add(on(engine, i / 2 % 2, () -> ask(key + 1)));
            clock.advance(Duration.ofMillis(1));
        }
        give(0, only);
        for (int i = 0; i < asked.size(); i++) {
            assertThat(get(asked.get(i))).endsWith("key " + (i + 1));
        }
    }
}
