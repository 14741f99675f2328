package io.solaster.testkit.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.testkit.chaos.Chaos.Step;
import org.junit.jupiter.api.Test;

class ChaosTest {
    private static final Duration TIME = Duration.ofSeconds(20);

    private final Set<String> lasting = ConcurrentHashMap.newKeySet();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger begun = new AtomicInteger();

    private Chaos plan(long seed) {
        Chaos chaos = Chaos.plan(seed);
        for (String name : List.of("cut", "kill", "stop", "starve")) {
            chaos.fault(name, () -> {
                lasting.add(name);
                begun.incrementAndGet();
                most.accumulateAndGet(lasting.size(), Math::max);
            }, () -> lasting.remove(name));
        }
        return chaos;
    }

    @Test
    void theSameSeedMakesTheSamePlan() {
        assertThat(plan(1).steps(TIME)).isEqualTo(plan(1).steps(TIME)).isNotEqualTo(plan(2).steps(TIME));
        assertThat(plan(1).describe(TIME)).isEqualTo(plan(1).describe(TIME)).contains("begins", "is healed");
    }

    @Test
    void faultsComeInPairsAndAreHealed() {
        for (long seed = 0; seed < 100; seed++) {
            Set<String> now = ConcurrentHashMap.newKeySet();
            int together = 0;
            Duration before = Duration.ZERO;
            for (Step step : plan(seed).steps(TIME)) {
                assertThat(step.at()).isGreaterThanOrEqualTo(before).isLessThanOrEqualTo(TIME);
                before = step.at();
                assertThat(step.begins() ? now.add(step.fault()) : now.remove(step.fault())).as("%s", step).isTrue();
                together = Math.max(together, now.size());
            }
            assertThat(now).as("seed %d", seed).isEmpty();
            assertThat(together).isEqualTo(2);
        }
    }

    @Test
    void itIsCarriedOutAndTold() throws InterruptedException {
        Events events = new Events();
        try (Chaos.Run run = plan(3).lasting(Duration.ofMillis(1), Duration.ofMillis(20))
                .start(Duration.ofMillis(300), events)) {
            run.join();
        }
        assertThat(lasting).isEmpty();
        assertThat(begun.get()).isPositive();
        assertThat(events.toString()).contains("chaos by seed 3", " begins", " is healed");
        assertThat(events.list()).hasSize(1 + 2 * begun.get());
    }

    @Test
    void whatLastsIsHealedWhenItIsClosed() {
        try (Chaos.Run run = plan(4).lasting(Duration.ofMillis(1), Duration.ofMinutes(5))
                .start(Duration.ofHours(1), new Events())) {
            assertThat(run).isNotNull();
        }
        assertThat(lasting).isEmpty();
    }

    @Test
    void aFaultThatCannotHealIsToldOfAndTheOthersHeal() {
        Chaos chaos = Chaos.plan(5).lasting(Duration.ofMillis(1), Duration.ofMillis(5)).fault("broken", () -> {},
                () -> {
                    throw new IllegalStateException("cannot heal");
                }).fault("sound", () -> lasting.add("sound"), () -> lasting.remove("sound"));
        assertThatThrownBy(() -> chaos.start(Duration.ofMillis(50), new Events()).join())
                .hasRootCauseMessage("cannot heal").hasMessageContaining("broken begins");
        assertThat(lasting).isEmpty();
    }

    @Test
    void cutsOfANetworkArePartOfAPlan() {
        try (FaultNetwork network = new FaultNetwork(1, new Events())) {
            network.node("a", new InetSocketAddress("127.0.0.1", 1));
            network.node("b", new InetSocketAddress("127.0.0.1", 2));
            assertThat(Chaos.plan(1).cuts(network).steps(TIME)).extracting(Step::fault).contains("cut from a to b",
                    "cut from b to a");
        }
    }

    @Test
    void aPlanWithoutFaultsIsRefused() {
        assertThatThrownBy(() -> Chaos.plan(1).steps(TIME)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("add some");
    }
}
