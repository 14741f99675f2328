package io.solaster.pool.upstream;

import static io.solaster.pool.upstream.UpstreamFixture.config;
import static io.solaster.pool.upstream.UpstreamFixture.endpoints;
import static io.solaster.pool.upstream.UpstreamFixture.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.solaster.config.Changed;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.pool.EndpointState;
import io.solaster.pool.Outcome;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** How endpoints are found to be sick and well again, with a clock that stands between the steps. */
class HealthTest {
    private static final PoolHealthConfig NO_BREAKER = Changed.with(PoolHealthConfig.defaults(), "breaker",
            BreakerConfig.none());
    private static final PoolHealthConfig BREAKER_ONLY = Changed.with(PoolHealthConfig.defaults(), "outliers",
            OutlierConfig.of(0, Duration.ofSeconds(1), Duration.ofSeconds(30)), "breaker",
            new BreakerConfig(true, 50, 10, Duration.ofSeconds(10), Duration.ofSeconds(5), 3));
    private static final PoolHealthConfig CHECKED = Changed.with(NO_BREAKER, "check",
            CheckConfig.of(CheckConfig.Type.TCP, Duration.ofSeconds(5), Duration.ofSeconds(1)));

    private final UpstreamFixture fixture = new UpstreamFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    // Checks.

    @Test
    void aFailedCheckDegradesThreeMakeUnhealthyAndTwoGoodOnesHeal() {
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(3));
        UpstreamFixture.until("all are checked at once", () -> fixture.checked.size() == 3);
        fixture.settle();
        fixture.sick.add("e2:80");
        step(EndpointState.DEGRADED);
        assertThat(fixture.status("e2").why()).isEqualTo("is sick");
        step(EndpointState.DEGRADED);
        step(EndpointState.UNHEALTHY);
        assertThat(fixture.chosen(0, 20)).isEqualTo(Map.of("e1", 10, "e3", 10));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DEGRADED);
        fixture.sick.clear();
        step(EndpointState.UNHEALTHY);
        step(EndpointState.HEALTHY);
        assertThat(fixture.chosen(1, 30)).hasSize(3);
        assertThat(fixture.status("e2").why()).isNull();
        assertThat(fixture.sum(stats -> stats.checks.get())).isEqualTo(fixture.checked.size());
        assertThat(fixture.sum(stats -> stats.checksFailed.get())).isEqualTo(3);
    }

    /** Everybody is checked once more. */
    private void step(EndpointState expected) {
        int before = fixture.checked.size();
        fixture.clock.advance(Duration.ofMillis(5_500));
        UpstreamFixture.until("all are checked", () -> fixture.checked.size() == before + 3);
        // The last check may still be about to say when the next one is due.
        fixture.settle();
        fixture.until("e2", expected);
        assertThat(fixture.checked).as("once each").hasSize(before + 3);
    }

    @Test
    void theFirstCheckDecidesAlone() {
        fixture.sick.add("e1:80");
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(2));
        fixture.until("e1", EndpointState.UNHEALTHY);
        fixture.sick.clear();
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(2));
        fixture.until("e1", EndpointState.HEALTHY);
    }

    @Test
    void silenceIsAFailure() {
        fixture.silent.add("e1:80");
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(3));
        UpstreamFixture.until("all are asked", () -> fixture.checked.size() == 3);
        fixture.settle();
        assertThat(fixture.state("e1")).isEqualTo(EndpointState.HEALTHY);
        fixture.clock.advance(Duration.ofMillis(1_001));
        fixture.until("e1", EndpointState.UNHEALTHY);
        assertThat(fixture.status("e1").why()).isEqualTo("no answer within 1000 ms");
    }

    @Test
    void checksAreMadeByOneShardAndEndWithTheMember() {
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(2));
        UpstreamFixture.until("all are asked", () -> fixture.checked.size() == 2);
        fixture.found(endpoints(1));
        UpstreamFixture.until("e2 is gone", () -> fixture.upstream.members().size() == 1);
        fixture.settle();
        for (int i = 0; i < 5; i++) {
            int before = fixture.checked.size();
            fixture.clock.advance(Duration.ofMillis(5_500));
            UpstreamFixture.until("e1 is asked", () -> fixture.checked.size() > before);
            fixture.settle();
        }
        assertThat(fixture.checked).hasSize(7);
        assertThat(fixture.checked.subList(2, 7)).containsOnly("e1:80");
    }

    // Ejection.

    @Test
    void errorsInARowOfOneShardEjectAtOnceEverywhereAndTimeReadmits() {
        fixture.start(config(Algorithm.ROUND_ROBIN, NO_BREAKER), endpoints(4));
        fixture.requests(1, "e2", Outcome.ERROR, 4);
        fixture.requests(1, "e2", Outcome.SUCCESS, 1);
        fixture.requests(1, "e2", Outcome.UNREACHABLE, 4);
        assertThat(fixture.state("e2")).isEqualTo(EndpointState.HEALTHY);
        fixture.requests(1, "e2", Outcome.TIMEOUT, 1);
        fixture.until("e2", EndpointState.EJECTED);
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e3", 10, "e4", 10));
        assertThat(fixture.status("e2").why()).isEqualTo("5 errors in a row");
        assertThat(fixture.status("e2").ejectedFor()).isBetween(Duration.ofSeconds(29), Duration.ofSeconds(30));
        assertThat(fixture.sum(stats -> stats.ejectedForErrors.get())).isOne();
        assertThat(fixture.sum(stats -> stats.ejected.get())).isOne();
        fixture.pass(Duration.ofSeconds(29));
        assertThat(fixture.state("e2")).isEqualTo(EndpointState.EJECTED);
        fixture.clock.advance(Duration.ofSeconds(2));
        fixture.until("e2", EndpointState.HEALTHY);
        assertThat(fixture.chosen(0, 40)).hasSize(4);
        assertThat(fixture.sum(stats -> stats.ejected.get())).isZero();
    }

    @Test
    void theLogTellsOfEachChangeOnce() {
        Logger logger = (Logger) LoggerFactory.getLogger(Upstream.class);
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        // Shards log while it is read.
        appender.list = new CopyOnWriteArrayList<>();
        Level before = logger.getLevel();
        logger.setLevel(Level.INFO);
        appender.start();
        logger.addAppender(appender);
        try {
            fixture.start(
                    config(Algorithm.ROUND_ROBIN,
                            Changed.with(PoolHealthConfig.defaults(), "breaker",
                                    new BreakerConfig(true, 50, 30, Duration.ofSeconds(10), Duration.ofSeconds(5), 1))),
                    endpoints(3));
            for (int shard = 0; shard < UpstreamFixture.SHARDS; shard++) {
                fixture.requests(shard, "e2", Outcome.ERROR, 40);
                fixture.settle();
            }
            fixture.clock.advance(Duration.ofSeconds(31));
            fixture.until("e2", EndpointState.HEALTHY);
            assertThat(fixture.chosen(0, 10)).containsKey("e2");
            fixture.requests(0, "e2", Outcome.SUCCESS, 1);
            fixture.chosen(1, 10);
            fixture.requests(1, "e2", Outcome.SUCCESS, 1);
            UpstreamFixture.until("breakers are closed", () -> fixture.status("e2").openBreakers() == 0);
            fixture.settle();
        } finally {
            logger.detachAppender(appender);
            logger.setLevel(before);
        }
        assertThat(appender.list).extracting(ILoggingEvent::getFormattedMessage).containsExactly(
                "Pool 'test': endpoint e2:80 is ejected for 30 s: 5 errors in a row",
                "Pool 'test': a circuit breaker for endpoint e2:80 is open, since 30 of 30 requests of its shard failed",
                "Pool 'test': endpoint e2:80 is no longer ejected: its time is over",
                "Pool 'test': the circuit breakers for endpoint e2:80 are closed again");
    }

    @Test
    void eachEjectionIsLongerUntilTheEndpointHasBehaved() {
        fixture.start(config(Algorithm.ROUND_ROBIN, NO_BREAKER), endpoints(4));
        for (int times = 1; times <= 3; times++) {
            ejectFor(Duration.ofSeconds(30L * times));
        }
        // It behaves for two ejections' time, which takes back two.
        fixture.pass(Duration.ofSeconds(61));
        ejectFor(Duration.ofSeconds(60));
        fixture.pass(Duration.ofHours(1));
        ejectFor(Duration.ofSeconds(30));
        for (int times = 2; times <= 12; times++) {
            ejectFor(Duration.ofSeconds(Math.min(300, 30L * times)));
        }
    }

    private void ejectFor(Duration expected) {
        fixture.requests(0, "e1", Outcome.ERROR, 5);
        fixture.until("e1", EndpointState.EJECTED);
        assertThat(fixture.status("e1").ejectedFor()).isBetween(expected.minusSeconds(1), expected);
        fixture.clock.advance(expected.plusMillis(1));
        fixture.until("e1", EndpointState.HEALTHY);
    }

    @Test
    void onlySomeMayBeEjectedButOneAlways() {
        fixture.start(config(Algorithm.ROUND_ROBIN, NO_BREAKER), endpoints(20));
        for (int i = 1; i <= 4; i++) {
            fixture.requests(0, "e" + i, Outcome.ERROR, 5);
            fixture.settle();
        }
        assertThat(fixture.state("e1")).isEqualTo(EndpointState.EJECTED);
        assertThat(fixture.state("e2")).as("10 % of 20 are two").isEqualTo(EndpointState.EJECTED);
        assertThat(fixture.state("e3")).isEqualTo(EndpointState.HEALTHY);
        assertThat(fixture.sum(stats -> stats.ejectionsRefused.get())).isEqualTo(2);
        // It is asked again, and goes on to fail: told again as soon as there is room.
        assertThat(get(fixture.upstream.readmit("e1:80"))).isTrue();
        fixture.until("e1", EndpointState.HEALTHY);
        fixture.requests(0, "e3", Outcome.ERROR, 5);
        fixture.until("e3", EndpointState.EJECTED);
    }

    @Test
    void aBrokenConnectionIsOneErrorHoweverMuchWasUnderWayOnIt() {
        fixture.start(config(Algorithm.ROUND_ROBIN, PoolHealthConfig.defaults()), endpoints(3));
        fixture.on(0, () -> {
            Target target = fixture.target("e1");
            for (int i = 0; i < 1_000; i++) {
                target.begin();
            }
            for (int i = 0; i < 1_000; i++) {
                target.end(Outcome.BROKEN, 1_000);
            }
            return true;
        });
        fixture.settle();
        assertThat(fixture.state("e1")).isEqualTo(EndpointState.HEALTHY);
        assertThat(fixture.on(0, () -> fixture.target("e1").isAvailable())).isTrue();
        fixture.requests(0, "e1", Outcome.BROKEN, 4);
        fixture.until("e1", EndpointState.EJECTED);
    }

    @Test
    void fewErrorsOfManyShardsAreFoundTogether() {
        fixture.start(config(Algorithm.ROUND_ROBIN, NO_BREAKER), endpoints(3));
        for (int second = 0; second < 2; second++) {
            fixture.requests(0, "e3", Outcome.TIMEOUT, 1);
            fixture.requests(1, "e3", Outcome.TIMEOUT, 1);
            tick();
        }
        assertThat(fixture.state("e3")).isEqualTo(EndpointState.HEALTHY);
        fixture.requests(0, "e3", Outcome.TIMEOUT, 1);
        tick();
        fixture.until("e3", EndpointState.EJECTED);
    }

    /** Lets the aggregator gather the shards' counts once. */
    private void tick() {
        fixture.clock.advance(Duration.ofMillis(1_001));
        fixture.settle();
        fixture.settle();
    }

    @Test
    void aSuccessRateFarBelowTheOthersEjects() {
        fixture.start(
                config(Algorithm.ROUND_ROBIN,
                        Changed.with(PoolHealthConfig.defaults(), "breaker", BreakerConfig.none(), "outliers",
                                new OutlierConfig(0, Duration.ofSeconds(1), 10, 5, 1.9, 0, Duration.ofSeconds(30),
                                        Duration.ofMinutes(5), 10))),
                endpoints(10));
        for (int i = 1; i <= 10; i++) {
            fixture.requests(i % 2, "e" + i, Outcome.SUCCESS, 10);
            fixture.requests(0, "e" + i, Outcome.ERROR, i == 7 ? 6 : 1);
            fixture.requests(1, "e" + i, Outcome.CANCELLED, 3);
        }
        tick();
        fixture.until("e7", EndpointState.EJECTED);
        assertThat(fixture.status("e7").why()).startsWith("62.5 % of its requests succeeded, of all endpoints' 88.");
        assertThat(fixture.sum(stats -> stats.ejectedForSuccessRate.get())).isOne();
        assertThat(fixture.sum(UpstreamStats::ejections)).isOne();
    }

    @Test
    void aLatencyFarAboveTheOthersEjects() {
        fixture.start(
                config(Algorithm.ROUND_ROBIN,
                        Changed.with(PoolHealthConfig.defaults(), "breaker", BreakerConfig.none(), "outliers",
                                new OutlierConfig(0, Duration.ofSeconds(1), 5, 5, 0, 3, Duration.ofSeconds(30),
                                        Duration.ofMinutes(5), 10))),
                endpoints(5));
        for (int i = 1; i <= 5; i++) {
            fixture.requests(0, "e" + i, Outcome.SUCCESS, 3, Duration.ofMillis(i == 4 ? 31 : 10));
            fixture.requests(1, "e" + i, Outcome.SUCCESS, 3, Duration.ofMillis(i == 4 ? 31 : 10));
        }
        tick();
        fixture.until("e4", EndpointState.EJECTED);
        assertThat(fixture.status("e4").why()).isEqualTo("its answers take 31.00 ms, the median of all 10.00 ms");
        assertThat(fixture.status("e4").latency()).isPositive();
        assertThat(fixture.sum(stats -> stats.ejectedForLatency.get())).isOne();
    }

    @Test
    void withTooFewRequestsNobodyIsCompared() {
        fixture.start(config(Algorithm.ROUND_ROBIN, Changed.with(NO_BREAKER, "outliers", new OutlierConfig(0,
                Duration.ofSeconds(1), 100, 5, 1.9, 2, Duration.ofSeconds(30), Duration.ofMinutes(5), 10))),
                endpoints(5));
        IntStream.rangeClosed(1, 5).forEach(i -> fixture.requests(0, "e" + i, Outcome.SUCCESS, 50,
                Duration.ofMillis(i == 1 ? 100 : 1)));
        tick();
        assertThat(fixture.sum(UpstreamStats::ejections)).isZero();
    }

    // Circuit breakers.

    @Test
    void aBreakerKeepsItsShardFromAnEndpointAndSingleTrialsCloseIt() {
        fixture.start(config(Algorithm.ROUND_ROBIN, BREAKER_ONLY), endpoints(3));
        fixture.requests(0, "e1", Outcome.SUCCESS, 5);
        fixture.requests(0, "e1", Outcome.ERROR, 4);
        assertThat(fixture.chosen(0, 30)).hasSize(3);
        fixture.requests(0, "e1", Outcome.ERROR, 1);
        assertThat(fixture.chosen(0, 20)).isEqualTo(Map.of("e2", 10, "e3", 10));
        assertThat(fixture.chosen(1, 30)).as("of the other shard").hasSize(3);
        assertThat(fixture.status("e1").openBreakers()).isOne();
        assertThat(fixture.sum(stats -> stats.breakersOpen.get())).isOne();
        fixture.pass(Duration.ofMillis(5_001));
        for (int trial = 0; trial < 3; trial++) {
            assertThat(fixture.chosen(0, 21)).as("one trial").containsEntry("e1", 1);
            assertThat(fixture.chosen(0, 20)).as("and no other").doesNotContainKey("e1");
            fixture.requests(0, "e1", Outcome.SUCCESS, 1);
        }
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        assertThat(fixture.sum(stats -> stats.breakersOpen.get())).isZero();
        assertThat(fixture.sum(stats -> stats.breakersOpened.get())).isOne();
    }

    @Test
    void whatWasUnderWayBeforeTheBreakerIsHalfOpenIsNoTrial() {
        fixture.start(config(Algorithm.ROUND_ROBIN, BREAKER_ONLY), endpoints(3));
        // Four slow ones that outlive the breaker's time.
        fixture.on(0, () -> {
            for (int i = 0; i < 4; i++) {
                fixture.target("e1").begin();
            }
            return true;
        });
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        fixture.pass(Duration.ofMillis(5_001));
        long slow = Duration.ofSeconds(5).plusMillis(500).toNanos();
        fixture.on(0, () -> {
            for (int i = 0; i < 3; i++) {
                fixture.target("e1").end(Outcome.SUCCESS, slow);
            }
            return true;
        });
        assertThat(fixture.sum(stats -> stats.breakersOpen.get())).as("old answers close nothing").isOne();
        assertThat(fixture.chosen(0, 21)).containsEntry("e1", 1);
        fixture.on(0, () -> {
            fixture.target("e1").begin();
            fixture.target("e1").end(Outcome.ERROR, slow);
            return true;
        });
        assertThat(fixture.chosen(0, 20)).as("the trial is still under way").doesNotContainKey("e1");
        fixture.requests(0, "e1", Outcome.SUCCESS, 3);
        assertThat(fixture.sum(stats -> stats.breakersOpen.get())).as("nor do they open it").isZero();
    }

    @Test
    void aTrialThatFailsOpensTheBreakerAgainAndOneThatNobodyTakesUpIsOfferedAgain() {
        fixture.start(config(Algorithm.ROUND_ROBIN, BREAKER_ONLY), endpoints(3));
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        fixture.pass(Duration.ofMillis(5_001));
        assertThat(fixture.chosen(0, 21)).containsEntry("e1", 1);
        fixture.requests(0, "e1", Outcome.ERROR, 1);
        assertThat(fixture.chosen(0, 20)).doesNotContainKey("e1");
        fixture.pass(Duration.ofMillis(5_001));
        assertThat(fixture.chosen(0, 21)).containsEntry("e1", 1);
        fixture.pass(Duration.ofMillis(101));
        assertThat(fixture.chosen(0, 21)).containsEntry("e1", 1);
        // It is under way now, and no other is offered for as long.
        fixture.on(0, () -> {
            fixture.target("e1").begin();
            return true;
        });
        fixture.pass(Duration.ofMillis(500));
        assertThat(fixture.chosen(0, 20)).doesNotContainKey("e1");
        assertThat(fixture.sum(stats -> stats.breakersOpened.get())).as("the same sickness").isOne();
    }

    @ParameterizedTest
    @EnumSource(value = Algorithm.class, names = {"RING_HASH", "MAGLEV"})
    void onlyKeysOfItsOwnTryAnEndpointWhoseBreakerIsHalfOpen(Algorithm algorithm) {
        fixture.start(config(algorithm, BREAKER_ONLY), endpoints(3));
        int keys = 100;
        List<String> owners = fixture.owners(keys);
        assertThat(owners).contains("e1", "e2", "e3");
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        List<String> without = fixture.owners(keys);
        assertThat(without).doesNotContain("e1");
        fixture.pass(Duration.ofMillis(5_001));
        // As often as there are keys, since an offer that nobody takes up is made again only after a while.
        for (int key = 1; key <= keys; key++) {
            assertThat(fixture.owner(key)).as("key %s", key)
                    .isEqualTo(owners.get(key - 1).equals("e1") ? "e1" : without.get(key - 1));
            fixture.clock.advance(Duration.ofMillis(101));
        }
        fixture.requests(0, "e1", Outcome.SUCCESS, 3);
        assertThat(fixture.owners(keys)).isEqualTo(owners);
    }

    @Test
    void requestsWithoutAKeyTryAnEndpointTooWhereOthersGoByTheirs() {
        fixture.start(config(Algorithm.MAGLEV, BREAKER_ONLY), endpoints(2));
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        fixture.pass(Duration.ofMillis(5_001));
        UpstreamFixture.until("one of them goes there", () -> fixture.owner(0).equals("e1"));
    }

    @ParameterizedTest
    @EnumSource(value = Algorithm.class, names = {"ROUND_ROBIN", "MAGLEV"})
    void anEndpointThatIsEjectedIsNotTriedBeforeItIsBack(Algorithm algorithm) {
        fixture.start(config(algorithm, Changed.with(PoolHealthConfig.defaults(), "breaker", BREAKER_ONLY.breaker())),
                endpoints(3));
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        fixture.until("e1", EndpointState.EJECTED);
        // The breaker is half open before the ejection is over.
        fixture.pass(Duration.ofMillis(5_001));
        assertThat(fixture.state("e1")).isEqualTo(EndpointState.EJECTED);
        assertThat(fixture.chosen(0, 100)).doesNotContainKey("e1");
        fixture.pass(Duration.ofSeconds(30));
        fixture.until("e1", EndpointState.HEALTHY);
        assertThat(fixture.chosen(0, 100)).as("a trial").containsEntry("e1", 1);
    }

    @Test
    void whereAllBreakersAreOpenRequestsFailAtOnce() {
        fixture.start(config(Algorithm.PEAK_EWMA, BREAKER_ONLY), endpoints(2));
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        fixture.requests(0, "e2", Outcome.ERROR, 10);
        assertThat(fixture.chosen(0, 5)).isEqualTo(Map.of("nobody", 5));
        assertThat(fixture.chosen(1, 5)).doesNotContainKey("nobody");
        fixture.pass(Duration.ofMillis(5_001));
        assertThat(fixture.chosen(0, 5)).isEqualTo(Map.of("e1", 1, "e2", 1, "nobody", 3));
    }

    @Test
    void anOldErrorLeavesTheWindow() {
        fixture.start(config(Algorithm.ROUND_ROBIN, BREAKER_ONLY), endpoints(2));
        fixture.requests(0, "e1", Outcome.ERROR, 9);
        fixture.pass(Duration.ofSeconds(11));
        fixture.requests(0, "e1", Outcome.ERROR, 1);
        assertThat(fixture.chosen(0, 20)).hasSize(2);
    }

    @Test
    void otherSettingsCloseABreaker() {
        fixture.start(config(Algorithm.ROUND_ROBIN, BREAKER_ONLY), endpoints(2));
        fixture.requests(0, "e1", Outcome.ERROR, 10);
        assertThat(fixture.chosen(0, 20)).hasSize(1);
        get(fixture.upstream.reconfigure(config(Algorithm.ROUND_ROBIN, NO_BREAKER)).toCompletableFuture());
        assertThat(fixture.chosen(0, 20)).hasSize(2);
        assertThat(fixture.sum(stats -> stats.breakersOpen.get())).isZero();
    }
}
