package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KeyspaceWalkTest {
    private final SplittableRandom random = new SplittableRandom(5);
    private Keyspace keys;
    private long block;

    @BeforeEach
    void open() {
        keys = Keyspace.create(random.split());
        block = Memory.allocate(8);
    }

    @AfterEach
    void close() {
        keys.close();
        Memory.free(block);
    }

    private void set(int key, long expiry) {
        Memory.putInt(block, key);
        keys.set(block, 4, block, 4, expiry);
    }

    private void remove(int key) {
        Memory.putInt(block, key);
        keys.remove(block, 4);
    }

    private int key(long entry) {
        return Memory.getInt(keys.keyAddress(entry));
    }

    @Test
    void everyKeyIsVisitedOnceThoughTheTableGrowsAndShrinksMeanwhile() {
        for (int round = 0; round < 30; round++) {
            // Of many that come and go, some stay.
            int stay = random.nextInt(1, 3_000);
            for (int key = 0; key < stay; key++) {
                set(key, 0);
            }
            int first = 1_000_000;
            int end = first + random.nextInt(20_000);
            for (int key = first; key < end; key++) {
                set(key, 0);
            }
            Map<Integer, Integer> visits = new HashMap<>();
            long from = 0;
            do {
                from = keys.walk(from, entry -> visits.merge(key(entry), 1, Integer::sum));
                if (random.nextBoolean()) {
                    int more = random.nextInt(4_000);
                    for (; more > 0; more--) {
                        set(end++, 0);
                    }
                } else {
                    int fewer = Math.min(end - first, random.nextInt(4_000));
                    for (; fewer > 0; fewer--) {
                        remove(first++);
                    }
                }
            } while (from != 0);
            for (int key = 0; key < stay; key++) {
                assertThat(visits).containsEntry(key, 1);
            }
            assertThat(visits.values()).allMatch(times -> times == 1);
            keys.clear();
        }
    }

    @Test
    void anEmptyKeyspaceIsWalkedAtOnceAndHasNoKeyToPick() {
        assertThat(keys.walk(0, _ -> {
            throw new AssertionError("there is none");
        })).isZero();
        assertThat(keys.walk(random.nextLong(), _ -> {
            throw new AssertionError("there is none");
        })).isZero();
        assertThat(keys.any(random.nextLong(), 0)).isZero();
    }

    @Test
    void allKeysArePickedAndAboutAsOften() {
        for (int count : new int[]{1, 2, 7, 600}) {
            for (int key = 0; key < count; key++) {
                set(key, 0);
            }
            Map<Integer, Integer> picks = new HashMap<>();
            for (int i = 0; i < 100 * count; i++) {
                picks.merge(key(keys.any(random.nextLong(), 0)), 1, Integer::sum);
            }
            assertThat(picks).hasSize(count);
            assertThat(picks.values()).allMatch(times -> times > 30 && times < 300);
            keys.clear();
        }
    }

    @Test
    void whatIsDueIsNotPicked() {
        for (int key = 0; key < 300; key++) {
            set(key, key % 3 == 0 ? 0 : key % 3 == 1 ? 50 : 200);
        }
        Set<Integer> picked = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            picked.add(key(keys.any(random.nextLong(), 100)) % 3);
        }
        assertThat(picked).containsExactlyInAnyOrder(0, 2);
        keys.clear();
        set(1, 50);
        assertThat(keys.any(random.nextLong(), 100)).isZero();
        assertThat(keys.any(random.nextLong(), 50)).isNotZero();
    }
}
