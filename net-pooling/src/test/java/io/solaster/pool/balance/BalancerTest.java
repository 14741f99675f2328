package io.solaster.pool.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

import com.sun.management.ThreadMXBean;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.engine.timer.ManualClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class BalancerTest {
    private static final double DECAY = Duration.ofSeconds(10).toNanos();
    private static final int[] WEIGHTS = {100, 200, 300, 400};

    private final ManualClock clock = new ManualClock();

    @Test
    void roundRobinGoesThroughAllInTurn() {
        Balancer balancer = Balancer.of(Algorithm.ROUND_ROBIN, candidates(equal(5)));
        int first = balancer.choose(0);
        for (int i = 1; i < 50; i++) {
            assertThat(balancer.choose(0)).isEqualTo((first + i) % 5);
        }
    }

    @Test
    void weightedRoundRobinGivesEachExactlyItsWeightInARoundAndNoneAllAtOnce() {
        // The sequence that nginx documents for 5, 1, 1.
        Balancer balancer = Balancer.of(Algorithm.WEIGHTED_ROUND_ROBIN, candidates(5, 1, 1));
        int[] round = IntStream.range(0, 7).map(i -> balancer.choose(0)).toArray();
        assertThat(counts(round, 3)).containsExactly(5, 1, 1);
        int[] next = IntStream.range(0, 7).map(i -> balancer.choose(0)).toArray();
        assertThat(next).isEqualTo(round);
        int[] twice = IntStream.concat(Arrays.stream(round), Arrays.stream(round)).toArray();
        assertThat(Arrays.toString(twice)).containsAnyOf("0, 0, 1, 0, 2, 0, 0", "0, 0, 2, 0, 1, 0, 0");
    }

    @ParameterizedTest
    @EnumSource(value = Algorithm.class, names = {"RING_HASH", "MAGLEV"}, mode = Mode.EXCLUDE)
    void weightsDivideRequestsThatLeaveNothingUnderWay(Algorithm algorithm) {
        if (algorithm == Algorithm.LEAST_CONNECTIONS) {
            // With nothing under way the heaviest is the best; see below.
            return;
        }
        int[] counts = new int[WEIGHTS.length];
        Balancer balancer = Balancer.of(algorithm == Algorithm.ROUND_ROBIN ? Algorithm.WEIGHTED_ROUND_ROBIN : algorithm,
                candidates(WEIGHTS));
        int draws = 200_000;
        for (int i = 0; i < draws; i++) {
            counts[balancer.choose(i)]++;
        }
        for (int i = 0; i < counts.length; i++) {
            assertThat((double) counts[i] / draws).as("%s: share of %d", algorithm, i)
                    .isEqualTo(WEIGHTS[i] / 1000.0, within(0.01));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Algorithm.class, names = {"LEAST_CONNECTIONS", "POWER_OF_TWO"})
    void requestsUnderWayFollowTheWeights(Algorithm algorithm) {
        Candidates candidates = candidates(WEIGHTS);
        Balancer balancer = Balancer.of(algorithm, candidates);
        for (int i = 0; i < 1_000; i++) {
            candidates.loads()[balancer.choose(0)].begin();
        }
        for (int i = 0; i < WEIGHTS.length; i++) {
            assertThat(candidates.loads()[i].inFlight()).as("%s: of %d", algorithm, i).isCloseTo(WEIGHTS[i],
                    within(algorithm == Algorithm.LEAST_CONNECTIONS ? 1 : 30));
        }
    }

    @Test
    void leastConnectionsTakesTheLeastLoadedAndEqualsInTurn() {
        Candidates candidates = candidates(equal(10));
        Balancer balancer = Balancer.of(Algorithm.LEAST_CONNECTIONS, candidates);
        assertThat(IntStream.range(0, 10).map(i -> balancer.choose(0)).distinct().count()).isEqualTo(10);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 10_000; i++) {
            int chosen = balancer.choose(0);
            int least = Arrays.stream(candidates.loads()).mapToInt(Load::inFlight).min().orElseThrow();
            assertThat(candidates.loads()[chosen].inFlight()).isEqualTo(least);
            candidates.loads()[chosen].begin();
            Load other = candidates.loads()[random.nextInt(10)];
            if (random.nextInt(3) > 0 && other.inFlight() > 0) {
                other.end();
            }
        }
    }

    @Test
    void twoChoicesKeepTheLongestQueueShort() {
        int ends = 1_000;
        Candidates candidates = candidates(equal(ends));
        Balancer two = Balancer.of(Algorithm.POWER_OF_TWO, candidates);
        Candidates others = candidates(equal(ends));
        Balancer one = Balancer.of(Algorithm.RANDOM, others);
        for (int i = 0; i < 10 * ends; i++) {
            candidates.loads()[two.choose(0)].begin();
            others.loads()[one.choose(0)].begin();
        }
        // ln ln n / ln 2 above the mean for two, about 3 times that for one.
        assertThat(longest(candidates)).isLessThanOrEqualTo(14);
        assertThat(longest(others)).isGreaterThan(18);
    }

    @Test
    void peakEwmaAvoidsTheSlowOneAndComesBackOnceItIsForgotten() {
        Candidates candidates = candidates(equal(10));
        Balancer balancer = Balancer.of(Algorithm.PEAK_EWMA, candidates);
        for (int i = 0; i < 10; i++) {
            answer(candidates, i, i == 3 ? 10 : 1);
        }
        int[] counts = new int[10];
        for (int i = 0; i < 10_000; i++) {
            int chosen = balancer.choose(0);
            counts[chosen]++;
            answer(candidates, chosen, 1);
            clock.advance(Duration.ofMillis(1));
        }
        // Ten times as slow: forgotten to the others' level after 2.3 decay times, 23 s; these were 10.
        assertThat(counts[3]).isZero();
        for (int i = 0; i < 30_000; i++) {
            int chosen = balancer.choose(0);
            counts[chosen]++;
            answer(candidates, chosen, 1);
            clock.advance(Duration.ofMillis(1));
        }
        assertThat(counts[3]).isPositive();
    }

    @Test
    void peakEwmaWaitsForTheFirstAnswerOfANewOne() {
        Candidates candidates = candidates(equal(2));
        Balancer balancer = Balancer.of(Algorithm.PEAK_EWMA, candidates);
        answer(candidates, 0, 5);
        assertThat(balancer.choose(0)).isOne();
        candidates.loads()[1].begin();
        for (int i = 0; i < 100; i++) {
            assertThat(balancer.choose(0)).isZero();
        }
    }

    @Test
    void toFailFastAttractsNobody() {
        Candidates candidates = candidates(equal(2));
        Balancer balancer = Balancer.of(Algorithm.PEAK_EWMA, candidates);
        answer(candidates, 0, 5);
        answer(candidates, 1, 5);
        candidates.loads()[1].begin();
        candidates.loads()[1].end();
        candidates.loads()[1].failed(1_000, clock.nanoTime(), DECAY);
        for (int i = 0; i < 100; i++) {
            assertThat(balancer.choose(0)).isZero();
        }
    }

    @Test
    void aLatencyRisesAtOnceAndFallsSlowly() {
        Load load = new Load();
        load.answered(1_000_000, 0, DECAY);
        load.answered(50_000_000, 1_000, DECAY);
        assertThat(load.latency(1_000, DECAY)).isEqualTo(50_000_000);
        load.answered(1_000_000, (long) DECAY, DECAY);
        assertThat(load.latency((long) DECAY, DECAY)).isCloseTo(1_000_000 + 49_000_000 / Math.E, within(10_000.0));
        assertThat(load.latency((long) (3 * DECAY), DECAY))
                .isCloseTo((1_000_000 + 49_000_000 / Math.E) / (Math.E * Math.E), within(10_000.0));
        load.givenUp(100_000_000, (long) (3 * DECAY), DECAY);
        assertThat(load.latency((long) (3 * DECAY), DECAY)).isEqualTo(100_000_000);
        load.givenUp(1, (long) (3 * DECAY), DECAY);
        assertThat(load.latency((long) (3 * DECAY), DECAY)).isEqualTo(100_000_000);
    }

    @Test
    void anAlgorithmByKeysNeedsATable() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Balancer.of(Algorithm.MAGLEV, candidates(equal(2))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HashTable.of(Algorithm.RANDOM, HashTableTest.endpoints(2)));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void nothingIsAllocated(Algorithm algorithm) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int[] weights : List.of(equal(100), IntStream.range(1, 101).toArray())) {
            Candidates candidates = candidates(weights);
            Balancer balancer;
            if (algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV) {
                boolean[] available = new boolean[100];
                Arrays.fill(available, 0, 90, true);
                balancer = HashTable.of(algorithm, HashTableTest.endpoints(100)).balancer(candidates, available, 1.25);
            } else {
                balancer = Balancer.of(algorithm, candidates);
            }
            long least = Long.MAX_VALUE;
            // The first rounds pay for what the JVM does beside.
            for (int round = 0; round < 10; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                run(candidates, balancer, 10_000);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("%s", algorithm).isLessThan(1_000);
        }
    }

    private void run(Candidates candidates, Balancer balancer, int times) {
        for (int i = 0; i < times; i++) {
            Load load = candidates.loads()[balancer.choose(i)];
            load.begin();
            load.answered(1_000 + i, i, DECAY);
            load.end();
        }
    }

    private void answer(Candidates candidates, int which, int millis) {
        Load load = candidates.loads()[which];
        load.begin();
        load.end();
        load.answered(Duration.ofMillis(millis).toNanos(), clock.nanoTime(), DECAY);
    }

    private static int longest(Candidates candidates) {
        return Arrays.stream(candidates.loads()).mapToInt(Load::inFlight).max().orElseThrow();
    }

    static int[] equal(int size) {
        int[] weights = new int[size];
        Arrays.fill(weights, 100);
        return weights;
    }

    private static int[] counts(int[] chosen, int size) {
        int[] counts = new int[size];
        Arrays.stream(chosen).forEach(each -> counts[each]++);
        return counts;
    }

    private Candidates candidates(int... weights) {
        return candidates(clock, weights);
    }

    static Candidates candidates(ManualClock clock, int... weights) {
        Load[] loads = IntStream.range(0, weights.length).mapToObj(i -> new Load()).toArray(Load[]::new);
        return new Candidates(loads, weights, new SplittableRandom(42), clock, DECAY);
    }
}
