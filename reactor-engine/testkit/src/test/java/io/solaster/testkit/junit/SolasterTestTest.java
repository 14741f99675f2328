package io.solaster.testkit.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.check.History;
import io.solaster.testkit.sim.Simulation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a test is given, and where its methods run. */
@SolasterTest(shards = 2, clock = SolasterTest.Clock.MANUAL, transport = SolasterTest.Transport.ALL)
class SolasterTestTest {
    private final Engine ofInstance;
    private Shard before;

    SolasterTestTest(Engine engine) {
        this.ofInstance = engine;
    }

    @BeforeEach
    @OnShard(1)
    void onAShardBefore(Engine engine) {
        assertThat(engine).isSameAs(ofInstance);
        before = Shard.current();
    }

    @AfterEach
    @OnShard
    void onAShardAfter() {
        assertThat(Shard.current().id()).isZero();
    }

    @Test
    void givesWhatTestsNeed(Engine engine, Shard first, @OnShard(1) Shard second, ManualClock clock,
            History<String, Long> history, Events events, @Seed long seed) {
        assertThat(engine).isSameAs(ofInstance);
        assertThat(engine.shards()).containsExactly(first, second);
        assertThat(Shard.current()).isNull();
        assertThat(before).isSameAs(second);
        assertThat(history.operations()).isEmpty();
        assertThat(events.list()).as("what ran on a shard before").hasSize(1);
        assertThat(seed).isNotZero();
        assertThat(clock.nanoTime()).isZero();
    }

    @Test
    @OnShard(1)
    void runsInAForkOfAShard(Shard mine) {
        assertThat(Shard.current()).isSameAs(mine);
        assertThat(mine.id()).isOne();
        assertThat(mine.inEventLoop()).isFalse();
        mine.timers();
    }

    @Test
    @OnShard
    void timersGoByTheClock(ManualClock clock, Engine engine) {
        CompletableFuture<?> slept = Shard.sleep(Duration.ofHours(1));
        assertThat(slept).isNotDone();
        clock.advance(Duration.ofHours(1));
        slept.join();
        assertThat(clock.nanoTime()).isEqualTo(Duration.ofHours(1).toNanos());
        assertThat(engine.submitTo(1, () -> Shard.current().id()).join()).isOne();
    }

    @Test
    void aProxyStandsBeforeAServerThatStartsLater(FaultProxy proxy, FaultProxy other) throws IOException {
        assertThat(other.address()).isNotEqualTo(proxy.address());
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            proxy.forwardTo(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()));
            try (Socket client = new Socket(proxy.address().getAddress(), proxy.address().getPort());
                    Socket accepted = server.accept()) {
                client.getOutputStream().write(42);
                assertThat(accepted.getInputStream().read()).isEqualTo(42);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void runsWithinASimulation(int hours, Simulation sim, @Seed long seed) {
        assertThat(sim.seed()).isEqualTo(seed);
        sim.sleep(Duration.ofHours(hours));
        assertThat(sim.now()).isGreaterThanOrEqualTo(Duration.ofHours(hours));
    }

    @RepeatedTest(2)
    void repeats(Engine engine) {
        assertThat(engine).isSameAs(ofInstance);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnShard
    void takesArguments(int shard, Engine engine) {
        assertThat(engine.submitTo(shard, () -> Shard.current().id()).join()).isEqualTo(shard);
    }

    @Nested
    class Within {
        @Test
        @OnShard(1)
        void hasTheSameEngine(Engine engine) {
            assertThat(engine).isSameAs(ofInstance);
            assertThat(before.id()).isOne();
        }
    }
}
