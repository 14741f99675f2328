package io.solaster.pool.upstream;

import static io.solaster.pool.upstream.UpstreamFixture.config;
import static io.solaster.pool.upstream.UpstreamFixture.endpoint;
import static io.solaster.pool.upstream.UpstreamFixture.endpoints;
import static io.solaster.pool.upstream.UpstreamFixture.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import com.sun.management.ThreadMXBean;
import io.solaster.config.Changed;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.EndpointStatus;
import io.solaster.pool.Outcome;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class UpstreamTest {
    private static final PoolHealthConfig CHECKED = Changed.with(PoolHealthConfig.defaults(), "check",
            CheckConfig.of(CheckConfig.Type.TCP, Duration.ofSeconds(5), Duration.ofSeconds(1)));

    private final UpstreamFixture fixture = new UpstreamFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void membersAreThereOnEveryShardWhenItHasStarted() {
        PoolConfig config = config(Algorithm.ROUND_ROBIN)
                .withEndpoints(
                        List.of(EndpointConfig.valueOf("named:80"),
                                Changed.with(EndpointConfig.valueOf("e1:80"), "weight", 7)));
        Upstream upstream = fixture.start(config, endpoints(2));
        assertThat(upstream.members()).extracting(Endpoint::address).containsExactly("named:80", "e1:80", "e2:80");
        assertThat(upstream.members().get(1).weight()).as("configuration comes first").isEqualTo(7);
        for (int shard = 0; shard < UpstreamFixture.SHARDS; shard++) {
            assertThat(fixture.chosen(shard, 30)).isEqualTo(Map.of("named", 10, "e1", 10, "e2", 10));
        }
        assertThat(upstream.state()).isEqualTo(UpstreamState.HEALTHY);
    }

    @Test
    void whoStaysIsTheSameTargetAndWhoComesBackIsAnother() {
        fixture.start(config(Algorithm.ROUND_ROBIN), endpoints(3));
        List<String> told = new ArrayList<>();
        Target[] before = fixture.on(0, () -> {
            fixture.upstream.local().listen(new ShardUpstream.Listener() {
                @Override
                public void added(Target target) {
                    told.add("+" + target);
                }

                @Override
                public void removed(Target target) {
                    told.add("-" + target);
                }
            });
            return new Target[]{fixture.target("e1"), fixture.target("e2")};
        });
        fixture.found(endpoint("e4", 0), new Endpoint("e1", 80, 5, 0, null, -1));
        UpstreamFixture.until("e2 is gone", () -> fixture.on(0, () -> fixture.upstream.local().targets().size() == 2));
        assertThat(fixture.on(0, () -> fixture.target("e1"))).isSameAs(before[0]);
        assertThat(before[0].endpoint().weight()).isEqualTo(5);
        assertThat(fixture.chosen(0, 100)).containsOnlyKeys("e1", "e4");
        fixture.found(endpoints(2));
        UpstreamFixture.until("e2 is back", () -> fixture.on(0, () -> fixture.upstream.local().targets().size() == 2
                && fixture.upstream.local().targets().get(1).endpoint().host().equals("e2")));
        assertThat(fixture.on(0, () -> fixture.target("e2"))).isNotSameAs(before[1]);
        assertThat(told).containsExactly("+e1:80", "+e2:80", "+e3:80", "+e4:80", "-e2:80", "-e3:80", "+e2:80",
                "-e4:80");
    }

    @Test
    void aTwinSharesMembersAndHealthButBalancesByItself() {
        Upstream first = fixture.start(config(Algorithm.ROUND_ROBIN), endpoints(3));
        Upstream twin = first.twin();
        assertThat(twin.members()).isEqualTo(first.members());
        // What is known of an endpoint by the one counts for the other.
        fixture.upstream = twin;
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        fixture.requests(0, "e1", Outcome.ERROR, 5);
        fixture.upstream = first;
        fixture.until("e1", EndpointState.EJECTED);
        assertThat(fixture.chosen(1, 30)).containsOnlyKeys("e2", "e3");
        get(first.readmit("e1:80"));
        get(twin.drain("e2:80"));
        assertThat(fixture.chosen(0, 30)).containsOnlyKeys("e1", "e3");
        fixture.found(endpoint("e3", 0), endpoint("e4", 0));
        UpstreamFixture.until("it has other members", () -> fixture.chosen(0, 30).equals(Map.of("e3", 15, "e4", 15)));
        fixture.on(0, () -> {
            twin.local().targets().getFirst().begin();
            fixture.target("e3").begin();
            return true;
        });
        assertThat(fixture.status("e3").inFlight()).as("of both").isEqualTo(2);
        // It ends alone.
        twin.close();
        fixture.upstream = twin;
        UpstreamFixture.until("the twin has ended", () -> fixture.chosen(0, 1).containsKey("nobody"));
        fixture.upstream = first;
        assertThat(fixture.chosen(0, 30)).containsOnlyKeys("e3", "e4");
        Upstream another = first.twin();
        first.close();
        fixture.upstream = another;
        UpstreamFixture.until("it ends with the first", () -> fixture.chosen(1, 1).containsKey("nobody"));
    }

    @Test
    void withNoEndpointNobodyIsChosen() {
        fixture.start(config(Algorithm.PEAK_EWMA));
        assertThat(fixture.chosen(1, 3)).isEqualTo(Map.of("nobody", 3));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DOWN);
        assertThat(fixture.sum(stats -> stats.nobody.get())).isEqualTo(3);
        fixture.found(endpoints(1));
        UpstreamFixture.until("somebody is there", () -> fixture.chosen(1, 1).containsKey("e1"));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.HEALTHY);
    }

    @Test
    void whatDiscoveryFoundHoldsWhileItFails() {
        fixture.start(config(Algorithm.PEAK_EWMA), endpoints(2));
        fixture.failed(new IllegalStateException("NXDOMAIN"));
        fixture.settle();
        assertThat(fixture.upstream.members()).hasSize(2);
        assertThat(fixture.chosen(0, 100)).containsOnlyKeys("e1", "e2");
    }

    @ParameterizedTest
    @EnumSource
    void aSecondTryGoesElsewhereIfThereIsAnybodyElse(Algorithm algorithm) {
        fixture.start(config(algorithm), endpoints(3));
        fixture.on(0, () -> {
            for (int key = 0; key < 1_000; key++) {
                Target first = fixture.upstream.local().choose(key);
                assertThat(fixture.upstream.local().choose(key, first)).isNotNull().isNotSameAs(first);
            }
            return true;
        });
        fixture.found(endpoints(1));
        UpstreamFixture.until("one is left", () -> fixture.on(0, () -> {
            Target only = fixture.target("e1");
            return fixture.upstream.local().targets().size() == 1
                    && fixture.upstream.local().choose(5, only) == only;
        }));
    }

    @ParameterizedTest
    @EnumSource
    void choosingAllocatesNothing(Algorithm algorithm) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        fixture.start(config(algorithm), endpoints(100));
        fixture.on(0, () -> {
            long least = Long.MAX_VALUE;
            // The first rounds pay for what the JVM does beside.
            for (int round = 0; round < 10; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                requests(10_000);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).isLessThan(1_000);
            return true;
        });
    }

    private void requests(int times) {
        ShardUpstream shard = fixture.upstream.local();
        for (int i = 0; i < times; i++) {
            Target target = shard.choose(i);
            target.begin();
            target.end(Outcome.SUCCESS, 1_000 + i % 7);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void aKeyStaysWithItsEndpointOnEveryShardWhileOthersComeAndGo(Algorithm algorithm) {
        fixture.start(config(algorithm, CHECKED), endpoints(20));
        List<String> before = owners(0);
        assertThat(owners(1)).isEqualTo(before);
        fixture.sick.add("e7:80");
        fixture.pass(Duration.ofSeconds(6));
        fixture.pass(Duration.ofSeconds(6));
        fixture.pass(Duration.ofSeconds(6));
        fixture.until("e7", EndpointState.UNHEALTHY);
        List<String> after = owners(1);
        for (int key = 0; key < before.size(); key++) {
            if (before.get(key).equals("e7")) {
                assertThat(after.get(key)).isNotEqualTo("e7");
            } else {
                assertThat(after.get(key)).isEqualTo(before.get(key));
            }
        }
    }

    private List<String> owners(int shard) {
        return fixture.on(shard, () -> IntStream.rangeClosed(1, 2_000)
                .mapToObj(key -> fixture.upstream.local().choose(key).endpoint().host()).toList());
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void requestsWithoutAKeyGoAnywhere(Algorithm algorithm) {
        fixture.start(config(algorithm), endpoints(4));
        assertThat(fixture.on(0, () -> Stream.generate(() -> fixture.upstream.local().choose(0)).limit(1_000)
                .distinct().count())).isEqualTo(4);
    }

    @Test
    void anotherAlgorithmComesIntoForceWhileItRuns() {
        fixture.start(config(Algorithm.ROUND_ROBIN), endpoints(4));
        assertThat(fixture.chosen(0, 40)).hasSize(4);
        get(fixture.upstream.reconfigure(config(Algorithm.MAGLEV)).toCompletableFuture());
        assertThat(fixture.on(0, () -> Stream.generate(() -> fixture.upstream.local().choose(42)).limit(100).distinct()
                .count())).isOne();
        get(fixture.upstream.reconfigure(config(Algorithm.LEAST_CONNECTIONS)
                .withEndpoints(List.of(EndpointConfig.valueOf("more:80")))).toCompletableFuture());
        assertThat(fixture.chosen(1, 50)).hasSize(5).containsKey("more");
    }

    @Test
    void aDrainedEndpointGetsNothingNewUntilItIsReadmittedThoughItGoesAndComesBack() {
        fixture.start(config(Algorithm.ROUND_ROBIN), endpoints(3));
        List<String> told = new ArrayList<>();
        fixture.on(1, () -> {
            fixture.upstream.local().listen(new ShardUpstream.Listener() {
                @Override
                public void added(Target target) {}

                @Override
                public void removed(Target target) {}

                @Override
                public void changed(Target target) {
                    told.add(target + " " + target.state());
                }
            });
            fixture.target("e2").begin();
            return true;
        });
        assertThat(get(fixture.upstream.drain("e2:80"))).isTrue();
        assertThat(get(fixture.upstream.drain("nobody:80"))).isFalse();
        for (int shard = 0; shard < UpstreamFixture.SHARDS; shard++) {
            assertThat(fixture.chosen(shard, 20)).isEqualTo(Map.of("e1", 10, "e3", 10));
        }
        assertThat(fixture.status("e2"))
                .extracting(EndpointStatus::state, EndpointStatus::why, EndpointStatus::inFlight)
                .containsExactly(EndpointState.DRAINED, "drained by hand", 1L);
        assertThat(fixture.upstream.state()).as("nobody is sick").isEqualTo(UpstreamState.HEALTHY);
        fixture.found(endpoints(1));
        UpstreamFixture.until("e2 is gone", () -> fixture.upstream.members().size() == 1);
        fixture.found(endpoints(3));
        UpstreamFixture.until("e2 is back", () -> fixture.upstream.members().size() == 3);
        fixture.until("e2", EndpointState.DRAINED);
        assertThat(get(fixture.upstream.readmit("e2:80"))).isTrue();
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        assertThat(told).startsWith("e2:80 DRAINED").endsWith("e2:80 HEALTHY");
    }

    @Test
    void whenAllAreDrainedNobodyIsChosenPanicOrNot() {
        fixture.start(config(Algorithm.ROUND_ROBIN), endpoints(2));
        get(fixture.upstream.drain("e1:80"));
        get(fixture.upstream.drain("e2:80"));
        assertThat(fixture.chosen(0, 5)).isEqualTo(Map.of("nobody", 5));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DOWN);
    }

    // Envoy's own examples: https://www.envoyproxy.io/docs, "Priority levels".
    @ParameterizedTest
    @CsvSource({"100, 100, 100", "72, 72, 100", "71, 71, 99", "50, 50, 70", "50, 100, 70", "25, 100, 35", "0, 100, 0",
            "25, 25, 50"})
    void prioritiesShareAsEnvoyHasThem(int firstWell, int secondWell, int firstShare) {
        Endpoint[] all = Stream.concat(
                IntStream.range(0, 100).mapToObj(i -> endpoint("first" + i, 0)),
                IntStream.range(0, 100).mapToObj(i -> endpoint("second" + i, 1))).toArray(Endpoint[]::new);
        IntStream.range(firstWell, 100).forEach(i -> fixture.sick.add("first" + i + ":80"));
        IntStream.range(secondWell, 100).forEach(i -> fixture.sick.add("second" + i + ":80"));
        fixture.start(config(Algorithm.RANDOM, Changed.with(CHECKED, "panicThreshold", 0)), all);
        UpstreamFixture.until("all are checked", () -> fixture.checked.size() == 200);
        fixture.settle();
        Map<String, Integer> chosen = fixture.chosen(1, 100_000);
        int first = chosen.entrySet().stream().filter(entry -> entry.getKey().startsWith("first"))
                .mapToInt(Map.Entry::getValue).sum();
        assertThat(first / 1_000.0).isEqualTo(firstShare, within(firstShare % 100 == 0 ? 0 : 1.0));
        assertThat(chosen.keySet()).noneMatch(host -> fixture.sick.contains(host + ":80"));
    }

    @Test
    void aStandbyTakesOverWhenTheFirstIsDown() {
        fixture.start(config(Algorithm.PEAK_EWMA, CHECKED), endpoint("primary", 0), endpoint("standby", 1));
        assertThat(fixture.chosen(0, 100)).isEqualTo(Map.of("primary", 100));
        fixture.sick.add("primary:80");
        IntStream.range(0, 3).forEach(i -> fixture.pass(Duration.ofSeconds(6)));
        fixture.until("primary", EndpointState.UNHEALTHY);
        assertThat(fixture.chosen(0, 100)).isEqualTo(Map.of("standby", 100));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DEGRADED);
        fixture.sick.clear();
        IntStream.range(0, 2).forEach(i -> fixture.pass(Duration.ofSeconds(6)));
        fixture.until("primary", EndpointState.HEALTHY);
        assertThat(fixture.chosen(0, 100)).isEqualTo(Map.of("primary", 100));
    }

    @Test
    void whereNobodyIsWellTheFirstPriorityIsAskedAll() {
        fixture.sick.addAll(List.of("e1:80", "e2:80", "standby:80"));
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoint("e1", 0), endpoint("e2", 0),
                endpoint("standby", 1));
        UpstreamFixture.until("panic", () -> fixture.sum(stats -> stats.panics.get()) == 1);
        fixture.settle();
        assertThat(fixture.chosen(0, 20)).isEqualTo(Map.of("e1", 10, "e2", 10));
        assertThat(fixture.sum(stats -> stats.panicked.get())).isEqualTo(20);
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DOWN);
    }

    @Test
    void whereFewerThanTheThresholdAreWellAllAreAsked() {
        fixture.sick.addAll(List.of("e1:80", "e2:80"));
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(3));
        UpstreamFixture.until("panic", () -> fixture.sum(stats -> stats.panics.get()) == 1);
        fixture.settle();
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        get(fixture.upstream.reconfigure(config(Algorithm.ROUND_ROBIN, Changed.with(CHECKED, "panicThreshold", 30)))
                .toCompletableFuture());
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e3", 30));
        assertThat(fixture.upstream.state()).isEqualTo(UpstreamState.DEGRADED);
    }

    @Test
    void whereNobodyIsWellAndPanicIsForbiddenNobodyIsChosen() {
        fixture.sick.addAll(List.of("e1:80", "e2:80"));
        fixture.start(config(Algorithm.ROUND_ROBIN, Changed.with(CHECKED, "panicThreshold", 0)), endpoints(2));
        fixture.until("e1", EndpointState.UNHEALTHY);
        fixture.until("e2", EndpointState.UNHEALTHY);
        assertThat(fixture.chosen(0, 5)).isEqualTo(Map.of("nobody", 5));
    }

    @Test
    void aDegradedEndpointIsAskedOnlyWhereTheHealthyOnesDoNotSuffice() {
        fixture.start(config(Algorithm.ROUND_ROBIN, CHECKED), endpoints(4));
        fixture.pass(Duration.ofSeconds(1));
        fixture.sick.add("e4:80");
        fixture.pass(Duration.ofSeconds(6));
        fixture.until("e4", EndpointState.DEGRADED);
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        fixture.sick.addAll(List.of("e2:80", "e3:80"));
        fixture.sick.remove("e4:80");
        fixture.pass(Duration.ofSeconds(6));
        fixture.until("e3", EndpointState.DEGRADED);
        fixture.until("e4", EndpointState.DEGRADED);
        // One of four is healthy: 35 %; three are degraded: the rest.
        Map<String, Integer> chosen = fixture.chosen(0, 30_000);
        assertThat(chosen.get("e1")).isCloseTo(10_500, within(600));
        assertThat(chosen).hasSize(4);
    }

    @Test
    void aNewEndpointComesToItsShareSlowlyAndOneThatWasThereFromTheStartAtOnce() {
        BalancingConfig balancing = new BalancingConfig(Algorithm.ROUND_ROBIN, Duration.ofSeconds(10), null,
                false,
                1.25, Duration.ofSeconds(10), null);
        fixture.start(config(Algorithm.ROUND_ROBIN).withBalancing(balancing), endpoints(3));
        assertThat(fixture.chosen(0, 30)).isEqualTo(Map.of("e1", 10, "e2", 10, "e3", 10));
        fixture.found(endpoints(4));
        UpstreamFixture.until("e4 is there", () -> fixture.chosen(0, 100).containsKey("e4"));
        assertThat(fixture.chosen(0, 3_100).get("e4")).isCloseTo(100, within(5));
        fixture.pass(Duration.ofSeconds(5));
        fixture.settle();
        assertThat(fixture.chosen(0, 3_500).get("e4")).isCloseTo(500, within(30));
        fixture.pass(Duration.ofSeconds(5));
        fixture.settle();
        assertThat(fixture.chosen(0, 4_000).get("e4")).isEqualTo(1_000);
        get(fixture.upstream.drain("e1:80"));
        fixture.pass(Duration.ofSeconds(60));
        get(fixture.upstream.readmit("e1:80"));
        assertThat(fixture.chosen(0, 3_100).get("e1")).as("well again").isCloseTo(100, within(5));
    }

    @Test
    void requestsStayInTheirZoneAsFarAsItCanTakeThem() {
        BalancingConfig balancing = new BalancingConfig(Algorithm.RANDOM, Duration.ZERO, "a", false, 1.25,
                Duration.ofSeconds(10), null);
        fixture.start(config(Algorithm.RANDOM).withBalancing(balancing), zoned("a1", "a"), zoned("a2", "a"),
                zoned("b1", "b"), zoned("b2", "b"), zoned("c1", "c"), zoned("c2", "c"));
        assertThat(fixture.chosen(0, 1_000)).containsOnlyKeys("a1", "a2");
        get(fixture.upstream.drain("a2:80"));
        // A fifth of what there is for a third of the callers: three fifths stay, the rest is shared by b and c.
        Map<String, Integer> chosen = fixture.chosen(0, 100_000);
        assertThat(chosen.get("a1")).isCloseTo(60_000, within(1_500));
        assertThat(chosen.get("b1")).isCloseTo(10_000, within(1_000));
        assertThat(chosen.get("c2")).isCloseTo(10_000, within(1_000));
        get(fixture.upstream.drain("a1:80"));
        assertThat(fixture.chosen(0, 1_000)).containsOnlyKeys("b1", "b2", "c1", "c2");
    }

    private static Endpoint zoned(String host, String zone) {
        return new Endpoint(host, 80, 1, 0, zone, -1);
    }

    @Test
    void endpointsOfAnotherNumaNodeAreLeftToItsShards() {
        BalancingConfig balancing = new BalancingConfig(Algorithm.RANDOM, Duration.ZERO, null, true, 1.25,
                Duration.ofSeconds(10), null);
        int node = fixture.engine.shard(0).place().numaNode();
        fixture.start(config(Algorithm.RANDOM).withBalancing(balancing),
                new Endpoint("near", 80, 1, 0, null, node), new Endpoint("far", 80, 1, 0, null, node + 1),
                new Endpoint("any", 80, 1, 0, null, -1));
        Map<String, Integer> chosen = fixture.chosen(0, 90_000);
        // All shards stand here, so that a third of the endpoints is far from all of them: it takes its part still.
        assertThat(chosen.get("far")).isCloseTo(30_000, within(1_500));
        assertThat(chosen.get("near")).isCloseTo(30_000, within(1_500));
    }

    @Test
    void whereEachNumaNodeHasItsEndpointsEachShardKeepsToItsOwn() {
        fixture.start(config(Algorithm.RANDOM), new Endpoint("zero", 80, 1, 0, null, 0),
                new Endpoint("one", 80, 1, 0, null, 1), new Endpoint("both", 80, 1, 0, null, -1));
        BalancingConfig balancing = new BalancingConfig(Algorithm.RANDOM, Duration.ZERO, null, true, 1.25,
                Duration.ofSeconds(10), null);
        View view = new View(1, balancing, PoolHealthConfig.defaults(), List.of(), Map.of());
        fixture.on(0, () -> {
            SplittableRandom random = new SplittableRandom(1);
            for (int node = 0; node < 2; node++) {
                Selection here = Selection.of(view, targets(),
                        new Selection.Place(node, List.of(0.5, 0.5)), random, fixture.clock);
                Set<String> chosen = Stream.generate(() -> here.choose(0, random).endpoint().host()).limit(1_000)
                        .collect(Collectors.toSet());
                assertThat(chosen).containsExactlyInAnyOrder(node == 0 ? "zero" : "one", "both");
            }
            return true;
        });
    }

    private List<DefaultTarget> targets() {
        return fixture.upstream.local().targets().stream().map(DefaultTarget.class::cast).toList();
    }

    @Test
    void closedItChoosesNobody() {
        fixture.start(config(Algorithm.MAGLEV), endpoints(3));
        fixture.upstream.close();
        UpstreamFixture.until("nobody is left", () -> fixture.chosen(0, 1).containsKey("nobody"));
        assertThat(fixture.upstream.members()).isEmpty();
    }
}
