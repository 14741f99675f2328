package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;

import io.solaster.store.keyspace.EvictionPolicy.Order;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EvictionTest {
    private static final int KEYS = 10_000;
    private static final long START = 1_700_000_000_000L;

    private final CountedMemory memory = new CountedMemory();
    private final Bytes key = new Bytes(8);
    private final OffHeapKeyspace keyspace = new OffHeapKeyspace(memory,
            new FoldedHash(new SplittableRandom(1)::nextLong), List.of(new ChainType()));
    private final Mirror mirror = new Mirror(keyspace);
    private long now = START;

    @BeforeEach
    void listen() {
        keyspace.listen(mirror);
    }

    @AfterEach
    void close() {
        mirror.check();
        keyspace.close();
        key.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    private void policy(Order order, boolean expiringOnly) {
        keyspace.evictionPolicy(new EvictionPolicy(order, expiringOnly, 5, 10, 1));
    }

    private void set(int k, long expiry) {
        key.put(k);
        keyspace.set(key.address, key.length, key.address, key.length, expiry);
    }

    private boolean use(int k) {
        key.put(k);
        return keyspace.find(key.address, key.length, now) != 0;
    }

    private long peek(int k) {
        key.put(k);
        return keyspace.peek(key.address, key.length, now);
    }

    private void fill(IntPredicate expiring) {
        // So that the clock shows the time.
        use(0);
        for (int i = 0; i < KEYS; i++) {
            set(i, expiring.test(i) ? START + 1_000_000_000L + i : 0);
        }
    }

    private int present(int from, int to) {
        int present = 0;
        for (int i = from; i < to; i++) {
            present += peek(i) == 0 ? 0 : 1;
        }
        return present;
    }

    private void evict(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(keyspace.evict(now)).isTrue();
        }
    }

    @Test
    void evictsNothingUnlessAsked() {
        policy(Order.NONE, false);
        fill(_ -> true);
        assertThat(keyspace.evict(now)).isFalse();
        assertThat(keyspace.size()).isEqualTo(KEYS);
    }

    @ParameterizedTest
    @CsvSource({"LRU", "LFU", "RANDOM", "TTL"})
    void evictsAllThatMayGoAndNothingElse(Order order) {
        policy(order, true);
        fill(i -> i % 1000 == 7);
        evict(KEYS / 1000);
        assertThat(keyspace.evict(now)).isFalse();
        assertThat(keyspace.evicted()).isEqualTo(KEYS / 1000);
        assertThat(keyspace.expiring()).isZero();
        assertThat(keyspace.size()).isEqualTo(KEYS - KEYS / 1000);
    }

    @ParameterizedTest
    @CsvSource({"LRU", "LFU", "RANDOM"})
    void evictsEverythingInTheEnd(Order order) {
        policy(order, false);
        fill(i -> i % 2 == 0);
        evict(KEYS);
        assertThat(keyspace.size()).isZero();
        assertThat(keyspace.evict(now)).isFalse();
        assertThat(keyspace.liveBytes()).isZero();
    }

    @Test
    void evictsWhatWasNotUsedForLongest() {
        policy(Order.LRU, false);
        fill(_ -> false);
        now += 100_000;
        for (int i = KEYS / 2; i < KEYS; i++) {
            assertThat(use(i)).isTrue();
        }
        evict(KEYS / 4);
        assertThat(present(0, KEYS / 2)).isBetween(KEYS / 4, KEYS / 4 + KEYS / 50);
        assertThat(present(KEYS / 2, KEYS)).isGreaterThan(KEYS / 2 - KEYS / 50);
    }

    @Test
    void evictsWhatIsUsedLeast() {
        policy(Order.LFU, false);
        fill(_ -> false);
        for (int round = 0; round < 20; round++) {
            for (int i = KEYS / 2; i < KEYS; i++) {
                use(i);
            }
        }
        evict(KEYS / 4);
        assertThat(present(KEYS / 2, KEYS)).isGreaterThan(KEYS / 2 - KEYS / 50);
    }

    @Test
    void evictsWhatExpiresFirst() {
        policy(Order.TTL, true);
        fill(_ -> true);
        evict(KEYS / 4);
        assertThat(present(0, KEYS / 2)).isLessThan(KEYS / 4 + KEYS / 8);
        assertThat(present(3 * KEYS / 4, KEYS)).isGreaterThan(KEYS / 4 - KEYS / 50);
    }

    @Test
    void toldOfItBefore() {
        policy(Order.RANDOM, false);
        fill(_ -> false);
        int[] told = new int[1];
        keyspace.listen(new KeyspaceListener() {
            @Override
            public void evicted(long entry) {
                told[0]++;
                assertThat(keyspace.valueLength(entry)).isEqualTo(8);
            }
        });
        evict(100);
        assertThat(told[0]).isEqualTo(100);
    }

    @Test
    void tellsHowLongAKeyWasIdle() {
        fill(_ -> false);
        now += 30_000;
        assertThat(keyspace.idleSeconds(peek(1), now)).isEqualTo(30);
        assertThat(use(1)).isTrue();
        assertThat(keyspace.idleSeconds(peek(1), now)).isZero();
        now += 5_000;
        key.put(1);
        keyspace.setExpiry(key.address, key.length, START + 1_000_000_000L);
        key.put(1);
        keyspace.resizeValue(key.address, key.length, 500);
        keyspace.written();
        assertThat(keyspace.idleSeconds(peek(1), now)).as("kept where the entry moves").isEqualTo(5);
    }

    @Test
    void anOldKeyNeverLooksNew() {
        policy(Order.LRU, false);
        fill(_ -> false);
        for (int hours = 0; hours < 30; hours++) {
            for (int minutes = 0; minutes < 60; minutes++) {
                now += 60_000;
                keyspace.age(now, 60_000);
            }
            long least = Math.min(hours * 3600L, 25_000);
            assertThat(keyspace.idleSeconds(peek(17), now)).isGreaterThanOrEqualTo(least);
        }
    }

    @Test
    void howeverLongTheTimeThatHasPassedEachKeyAgesOnce() {
        policy(Order.LRU, false);
        fill(_ -> false);
        now += 30_000_000;
        keyspace.age(now, Long.MAX_VALUE);
        for (int i = 0; i < KEYS; i++) {
            assertThat(keyspace.idleSeconds(peek(i), now)).isEqualTo(27_000);
        }
    }

    @Test
    void aKeyThatIsUsedNoMoreCountsAsLessAndLessUsed() {
        policy(Order.LFU, false);
        fill(_ -> false);
        for (int i = 0; i < 100_000; i++) {
            use(1);
        }
        int count = keyspace.frequency(peek(1), now);
        assertThat(count).isBetween(50, 255);
        now += 10 * 60_000;
        assertThat(keyspace.frequency(peek(1), now)).isEqualTo(count - 10);
        for (int minutes = 0; minutes < 400; minutes++) {
            now += 60_000;
            keyspace.age(now, 60_000);
            assertThat(keyspace.frequency(peek(1), now)).isEqualTo(Math.max(0, count - 11 - minutes));
        }
    }
}
