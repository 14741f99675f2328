package io.solaster.pool.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.engine.timer.ManualClock;
import io.solaster.pool.Endpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HashTableTest {
    private static final int KEYS = 100_000;

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void keysAreSpreadByWeight(Algorithm algorithm) {
        List<Endpoint> endpoints = new ArrayList<>(endpoints(20));
        IntStream.range(0, 5).forEach(i -> endpoints.set(i, weighted(i, 3)));
        int[] counts = new int[20];
        for (String owner : owners(algorithm, endpoints)) {
            counts[Integer.parseInt(owner.substring(1, owner.indexOf('.')))]++;
        }
        // 15 of weight 1 and 5 of weight 3. The ring's points fall at random: a tenth of a share is its deviation.
        double tolerance = algorithm == Algorithm.MAGLEV ? 0.06 : 0.35;
        for (int i = 0; i < 20; i++) {
            double share = (i < 5 ? 3 : 1) / 30.0;
            assertThat(counts[i] / (double) KEYS).as("%s: share of %d", algorithm, i).isEqualTo(share,
                    within(share * tolerance));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void oneThatGoesMovesItsOwnKeysAndHardlyAnyOther(Algorithm algorithm) {
        List<Endpoint> before = endpoints(50);
        List<Endpoint> after = new ArrayList<>(before);
        after.remove(17);
        String[] was = owners(algorithm, before);
        String[] is = owners(algorithm, after);
        long moved = IntStream.range(0, KEYS).filter(i -> !was[i].equals("e17.example:80"))
                .filter(i -> !was[i].equals(is[i]))
                .count();
        if (algorithm == Algorithm.RING_HASH) {
            assertThat(moved).isZero();
        } else {
            // The paper: a few percent.
            assertThat(moved).isLessThan(KEYS * 5 / 100);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void oneThatComesTakesItsShareAndHardlyAnyOtherKeyMoves(Algorithm algorithm) {
        List<Endpoint> after = new ArrayList<>(endpoints(50));
        after.add(7, Endpoint.of("new.example", 80));
        String[] was = owners(algorithm, endpoints(50));
        String[] is = owners(algorithm, after);
        long moved = IntStream.range(0, KEYS).filter(i -> !was[i].equals(is[i])).count();
        long taken = Arrays.stream(is).filter("new.example:80"::equals).count();
        assertThat(taken).isBetween(KEYS / 51 * 6 / 10L, KEYS / 51 * 14 / 10L);
        assertThat(moved - taken).isBetween(0L, algorithm == Algorithm.RING_HASH ? 0L : KEYS * 5 / 100L);
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void oneThatMayNotBeChosenMovesItsOwnKeysOnlyAndToManyOthers(Algorithm algorithm) {
        List<Endpoint> endpoints = endpoints(50);
        HashTable table = HashTable.of(algorithm, endpoints);
        boolean[] all = new boolean[50];
        Arrays.fill(all, true);
        boolean[] available = all.clone();
        available[17] = false;
        Balancer before = table.balancer(candidates(50), all, 0);
        Balancer after = table.balancer(candidates(50), available, 0);
        boolean[] heirs = new boolean[50];
        for (long key = 0; key < KEYS; key++) {
            int was = before.choose(key);
            int is = after.choose(key);
            if (was == 17) {
                heirs[is] = true;
            } else {
                assertThat(is).isEqualTo(was);
            }
        }
        assertThat(heirs[17]).isFalse();
        assertThat(IntStream.range(0, 50).filter(i -> heirs[i]).count()).isGreaterThan(30);
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void theOrderOfEndpointsIsNoMatter(Algorithm algorithm) {
        List<Endpoint> shuffled = new ArrayList<>(endpoints(30));
        Collections.shuffle(shuffled, new Random(5));
        assertThat(owners(algorithm, shuffled)).isEqualTo(owners(algorithm, endpoints(30)));
    }

    @ParameterizedTest
    @EnumSource(names = {"RING_HASH", "MAGLEV"})
    void noLoadIsEverAboveItsBound(Algorithm algorithm) {
        SplittableRandom random = new SplittableRandom(3);
        int size = 20;
        HashTable table = HashTable.of(algorithm, endpoints(size));
        boolean[] available = new boolean[size];
        for (int i = 0; i < size; i++) {
            available[i] = i % 4 != 0;
        }
        for (double factor : new double[]{1.05, 1.25, 2}) {
            Candidates candidates = candidates(size);
            Load[] loads = candidates.loads();
            Balancer balancer = table.balancer(candidates, available, factor);
            int under = 0;
            for (int i = 0; i < 50_000; i++) {
                if (under > 0 && random.nextInt(100) < 49) {
                    int which = random.nextInt(size);
                    if (loads[which].inFlight() > 0) {
                        loads[which].end();
                        under--;
                    }
                    continue;
                }
                // Few keys, of which one is hot.
                int chosen = balancer.choose(random.nextInt(2) == 0 ? 0 : random.nextInt(10));
                loads[chosen].begin();
                under++;
                assertThat(available[chosen]).isTrue();
                assertThat(loads[chosen].inFlight()).isLessThanOrEqualTo((int) Math.ceil(factor * under / 15));
            }
        }
    }

    @Test
    void withABoundAKeyStaysWhereItBelongsWhileThereIsRoom() {
        HashTable table = HashTable.of(Algorithm.RING_HASH, endpoints(10));
        boolean[] available = new boolean[10];
        Arrays.fill(available, true);
        Balancer bounded = table.balancer(candidates(10), available, 1.25);
        Balancer free = table.balancer(candidates(10), available, 0);
        for (long key = 0; key < 1_000; key++) {
            assertThat(bounded.choose(key)).isEqualTo(free.choose(key));
        }
    }

    @Test
    void maglevGivesSlotsAlmostEvenly() {
        int[] counts = ((MaglevTable) HashTable.of(Algorithm.MAGLEV, endpoints(100))).counts();
        assertThat(Arrays.stream(counts).min().orElseThrow()).isGreaterThanOrEqualTo(655);
        assertThat(Arrays.stream(counts).max().orElseThrow()).isLessThanOrEqualTo(656);
    }

    @Test
    void heavyRingsStaySmall() {
        List<Endpoint> heavy = IntStream.range(0, 100).mapToObj(i -> weighted(i, 1_000)).toList();
        assertThat(HashTable.of(Algorithm.RING_HASH, heavy).slots()).isBetween(10_000, 40_000);
    }

    @Test
    void maglevSaysWhenThereAreTooMany() {
        assertThatIllegalArgumentException().isThrownBy(() -> HashTable.of(Algorithm.MAGLEV, endpoints(20_000)))
                .withMessageContaining("ring-hash");
    }

    static List<Endpoint> endpoints(int size) {
        return IntStream.range(0, size).mapToObj(i -> weighted(i, 1)).toList();
    }

    private static Endpoint weighted(int number, int weight) {
        return new Endpoint("e" + number + ".example", 80, weight, 0, null, -1);
    }

    private static Candidates candidates(int size) {
        return BalancerTest.candidates(new ManualClock(), BalancerTest.equal(size));
    }

    private static String[] owners(Algorithm algorithm, List<Endpoint> endpoints) {
        HashTable table = HashTable.of(algorithm, endpoints);
        boolean[] available = new boolean[endpoints.size()];
        Arrays.fill(available, true);
        Balancer balancer = table.balancer(candidates(endpoints.size()), available, 0);
        return IntStream.range(0, KEYS).mapToObj(key -> endpoints.get(balancer.choose(key)).address())
                .toArray(String[]::new);
    }
}
