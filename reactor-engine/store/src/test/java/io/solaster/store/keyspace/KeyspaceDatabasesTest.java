package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.EvictionPolicy.Order;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several databases of one keyspace, compared with as many maps. */
final class KeyspaceDatabasesTest {
    private static final int DATABASES = 4;

    private record Value(int nodes, long expiry) {}

    private final CountedMemory memory = new CountedMemory();
    private final Bytes key = new Bytes(8);
    private final List<Map<Long, Value>> model = new ArrayList<>();
    private OffHeapKeyspace keyspace = newKeyspace();
    private long now = 1_000_000;

    private OffHeapKeyspace newKeyspace() {
        model.clear();
        for (int i = 0; i < DATABASES; i++) {
            model.add(new HashMap<>());
        }
        return new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong), List.of(new ChainType()));
    }

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    private void put(int database, long k, Value value) {
        keyspace.database(database);
        key.put(k);
        model.get(database).put(k, value);
        if (value.nodes == 0) {
            keyspace.set(key.address, key.length, key.address, key.length, value.expiry);
            return;
        }
        long entry = keyspace.create(key.address, key.length, Keyspace.TYPE_LIST, ChainType.ROOT, value.expiry);
        long root = keyspace.valueAddress(entry);
        ChainType.init(root);
        for (int i = 0; i < value.nodes; i++) {
            ChainType.push(root, keyspace.nodes().allocate(40 + i % 3 * 32), k + i);
        }
        keyspace.written();
    }

    private static Value value(long entry, Keyspace keys) {
        if (keys.type(entry) == Keyspace.TYPE_STRING) {
            assertThat(Memory.equal(keys.keyAddress(entry), keys.valueAddress(entry), 8)).isTrue();
            return new Value(0, keys.expiry(entry));
        }
        long first = Long.reverseBytes(Memory.getLong(keys.keyAddress(entry)));
        long[] numbers = ChainType.numbers(keys.valueAddress(entry));
        long sum = 0;
        for (int i = 0; i < numbers.length; i++) {
            sum += first + i;
        }
        assertThat(Arrays.stream(numbers).sum()).isEqualTo(sum);
        return new Value(numbers.length, keys.expiry(entry));
    }

    private Map<Long, Value> content(int database) {
        Map<Long, Value> found = new HashMap<>();
        keyspace.database(database);
        long from = 0;
        do {
            from = keyspace.walk(from, entry -> found.put(
                    Long.reverseBytes(Memory.getLong(keyspace.keyAddress(entry))), value(entry, keyspace)));
        } while (from != 0);
        return found;
    }

    private void check() {
        long expiring = 0;
        for (int i = 0; i < DATABASES; i++) {
            Map<Long, Value> there = content(i);
            assertThat(there).isEqualTo(model.get(i));
            assertThat(keyspace.size(i)).isEqualTo(there.size());
            long ofThis = there.values().stream().filter(each -> each.expiry != 0).count();
            assertThat(keyspace.expiring(i)).isEqualTo(ofThis);
            expiring += ofThis;
        }
        assertThat(keyspace.size()).isEqualTo(model.stream().mapToLong(Map::size).sum());
        assertThat(keyspace.expiring()).isEqualTo(expiring);
    }

    private void step(Draw draw) {
        int database = draw.nextInt(DATABASES);
        long k = draw.nextInt(3_000);
        Map<Long, Value> here = model.get(database);
        keyspace.database(database);
        key.put(k);
        switch (draw.nextInt(40)) {
            case 0, 1, 2, 3 -> assertThat(keyspace.remove(key.address, key.length)).isEqualTo(here.remove(k) != null);
            case 4, 5, 6 -> {
                int to = draw.nextInt(DATABASES);
                if (!model.get(to).containsKey(k)) {
                    assertThat(keyspace.move(key.address, key.length, to)).isEqualTo(here.containsKey(k));
                    Value value = here.remove(k);
                    if (value != null) {
                        model.get(to).put(k, value);
                    }
                }
            }
            case 7 -> {
                int other = draw.nextInt(DATABASES);
                keyspace.swap(database, other);
                model.set(database, model.get(other));
                model.set(other, here);
            }
            case 8 -> {
                if (draw.nextInt(40) == 0) {
                    keyspace.empty();
                    here.clear();
                } else if (draw.nextInt(200) == 0) {
                    keyspace.clear();
                    model.forEach(Map::clear);
                }
            }
            case 9 -> keyspace.freeNodes(300);
            case 10 -> keyspace.defragment(300);
            case 11 -> keyspace.age(now, 1_000);
            case 12 -> {
                now += 500;
                int before = keyspace.expireDue(now, 1 << 20);
                int due = 0;
                for (Map<Long, Value> each : model) {
                    // One database a time.
                    for (int left = DATABASES; left > 0; left--) {
                        before += keyspace.expireDue(now, 1 << 20);
                    }
                    due += (int) each.values().stream().filter(value -> value.expiry != 0 && value.expiry < now)
                            .count();
                    each.values().removeIf(value -> value.expiry != 0 && value.expiry < now);
                }
                assertThat(before).isEqualTo(due);
            }
            default -> put(database, k, new Value(draw.nextInt(4) == 0 ? 1 + draw.nextInt(60) : 0,
                    draw.nextInt(3) == 0 ? now + 1 + draw.nextInt(5_000) : 0));
        }
        assertThat(keyspace.database()).isBetween(0, DATABASES);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void behaveAsMaps(int seed) {
        Property.check(seed, 3, draw -> {
            keyspace.close();
            keyspace = newKeyspace();
            for (int round = 0; round < 10; round++) {
                draw.repeat(2_000, _ -> step(draw));
                check();
            }
            for (int i = 0; i < 10_000 && keyspace.freeNodes(1_000) > 0; i++) {
                check();
            }
        });
    }

    @Test
    void whatIsEmptiedIsFreedLittleByLittleAndEndsWithNothing() {
        for (int i = 0; i < 20_000; i++) {
            put(1, i, new Value(i % 10 == 0 ? 40 : 0, 0));
        }
        put(0, 1, new Value(5, 0));
        long held = keyspace.heldBytes();
        keyspace.database(1);
        keyspace.empty();
        model.get(1).clear();
        assertThat(keyspace.size(1)).isZero();
        for (int i = 0; i < 1_000; i++) {
            put(1, i, new Value(0, 0));
        }
        check();
        int calls = 0;
        while (keyspace.freeNodes(1_000) > 0) {
            calls++;
        }
        assertThat(calls).isGreaterThan(20);
        check();
        assertThat(keyspace.heldBytes()).isLessThan(held / 4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"LRU", "LFU", "RANDOM", "TTL"})
    void keysOfAllDatabasesAreEvicted(String order) {
        keyspace.evictionPolicy(new EvictionPolicy(Order.valueOf(order), true, 5, 10, 1));
        for (int database = 0; database < DATABASES; database++) {
            for (int i = 0; i < 500; i++) {
                put(database, i, new Value(0, now + 1_000 + i));
                put(database, 10_000 + i, new Value(0, 0));
            }
        }
        keyspace.database(2);
        for (int i = 0; i < 1_000; i++) {
            assertThat(keyspace.evict(now)).isTrue();
        }
        assertThat(keyspace.database()).isEqualTo(2);
        for (int database = 0; database < DATABASES; database++) {
            assertThat(keyspace.size(database)).isBetween(500L, 1_000L);
            assertThat(keyspace.expiring(database)).isLessThan(500);
        }
        for (int i = 0; i < 1_000; i++) {
            assertThat(keyspace.evict(now)).isTrue();
        }
        assertThat(keyspace.evict(now)).isFalse();
        assertThat(keyspace.size()).isEqualTo(2_000);
    }
}
