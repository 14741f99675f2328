package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

import io.solaster.engine.memory.Memory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random calls of all kinds, each compared with a map. */
final class KeyspaceModelTest {
    private record Value(byte[] bytes, long expiry) {}

    private final CountedMemory memory = new CountedMemory();
    private final Map<String, Value> model = new HashMap<>();
    private final List<String> keys = new ArrayList<>();
    private final Bytes key = new Bytes(5000);
    private final Bytes value = new Bytes(100_000);
    private Random random = new Random(0);
    private OffHeapKeyspace keyspace = new OffHeapKeyspace(memory, FoldedHash.ofProcess());
    private long now = 1_000_000;
    private long expired;

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
        value.close();
        assertThat(memory.outstanding()).isZero();
    }

    private void use(long seed, KeyspaceHash hash) {
        System.out.println("seed " + seed);
        random = new Random(seed);
        keyspace.close();
        keyspace = new OffHeapKeyspace(memory, hash);
    }

    private static KeyspaceHash real(long seed) {
        return new FoldedHash(new Random(seed)::nextLong);
    }

    @ParameterizedTest
    @CsvSource({"1, 80000, 20000, 60", "2, 100000, 3000, 60", "3, 40000, 2000, 2500", "4, 100000, 20, 600"})
    void behavesAsAMap(long seed, int steps, int distinctKeys, int valueBytes) {
        use(seed, real(seed));
        run(steps, distinctKeys, valueBytes, false);
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"1, 300000, 40000, 60", "2, 300000, 3000, 60", "3, 60000, 2000, 2500", "4, 200000, 20, 600",
            "5, 500000, 100000, 24"})
    void behavesAsAMapForLong(long seed, int steps, int distinctKeys, int valueBytes) {
        behavesAsAMap(seed, steps, distinctKeys, valueBytes);
    }

    @Test
    void holdsLargeValues() {
        use(6, real(6));
        run(8000, 300, 100_000, false);
    }

    @Test
    void standsCollisionsOfTags() {
        KeyspaceHash hash = real(7);
        // 16 tags: long overflows from 16 home buckets.
        use(7, (address, length) -> hash.hash(address, length) & ~((1L << 18) - 1)
                | (hash.hash(address, length) & 15) << 14);
        run(150_000, 8000, 60, false);
    }

    @Test
    void standsEqualHashes() {
        use(8, (address, length) -> length % 3 * 0x5555_5555_5555_5555L);
        run(60_000, 900, 60, false);
    }

    @Test
    void standsAHashWithFewFirstBits() {
        KeyspaceHash hash = real(9);
        use(9, (address, length) -> hash.hash(address, length) >>> 7);
        run(150_000, 5000, 60, false);
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 11})
    void staysAsItWasWhenMemoryRunsOut(int seed) {
        use(seed, real(seed));
        run(30_000, 20_000, seed % 2 == 0 ? 100 : 60_000, true);
        memory.allowed = Long.MAX_VALUE;
        check();
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(ints = {12, 13, 14, 15, 16, 17, 18, 19})
    void staysAsItWasWhenMemoryRunsOutAgain(int seed) {
        staysAsItWasWhenMemoryRunsOut(seed);
    }

    private void run(int steps, int distinctKeys, int valueBytes, boolean refuse) {
        model.clear();
        keys.clear();
        expired = keyspace.expired();
        for (int i = 0; i < distinctKeys; i++) {
            keys.add(newKey(i));
        }
        for (int step = 0; step < steps; step++) {
            // Half a phase grows, half of it shrinks.
            boolean growing = step / (steps / 6 + 1) % 2 == 0;
            if (refuse) {
                memory.allowed = random.nextInt(4);
            }
            step(growing, valueBytes);
            if (step % 1000 == 0) {
                assertThat(keyspace.size()).isEqualTo(model.size());
                assertThat(keyspace.expired()).isEqualTo(expired);
            }
            if (step % (steps / 5) == 0) {
                check();
            }
        }
        check();
        memory.allowed = Long.MAX_VALUE;
        for (String k : List.copyOf(model.keySet())) {
            put(k);
            assertThat(keyspace.remove(key.address, key.length)).isTrue();
        }
        model.clear();
        check();
        assertThat(keyspace.liveBytes()).isZero();
        assertThat(keyspace.segments()).isEqualTo(1);
        assertThat(keyspace.depth()).isEqualTo(1);
        assertThat(keyspace.release(Long.MAX_VALUE)).isFalse();
        assertThat(keyspace.usedMemory()).isLessThan(3 << 20);
        assertThat(memory.mappings()).isLessThanOrEqualTo(2);
    }

    private String newKey(int i) {
        int length = switch (random.nextInt(20)) {
            case 0 -> random.nextInt(8);
            case 1 -> random.nextInt(600);
            case 2 -> i % 100 == 0 ? 2000 + random.nextInt(3000) : 30;
            default -> 8 + random.nextInt(24);
        };
        byte[] bytes = new byte[length];
        for (int b = 0; b < length; b++) {
            bytes[b] = (byte) ('a' + random.nextInt(3));
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private void put(String k) {
        key.put(k.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void step(boolean growing, int valueBytes) {
        String k = keys.get(random.nextInt(keys.size()));
        put(k);
        Value before = model.get(k);
        int dice = random.nextInt(100);
        try {
            if (dice < (growing ? 40 : 10)) {
                byte[] bytes = new byte[random.nextInt(4) == 0 && before != null
                        ? before.bytes.length
                        : random.nextInt(valueBytes + 1)];
                random.nextBytes(bytes);
                long expiry = random.nextInt(3) == 0 ? now + random.nextInt(50_000) : 0;
                value.put(bytes);
                long entry = keyspace.set(key.address, key.length, value.address, value.length, expiry);
                Value after = new Value(bytes, expiry);
                model.put(k, after);
                same(entry, k, after);
            } else if (dice < (growing ? 50 : 20)) {
                int length = before == null || random.nextInt(4) == 0
                        ? random.nextInt(valueBytes + 1)
                        : Math.min(before.bytes.length + random.nextInt(20), value.capacity);
                long entry = keyspace.resizeValue(key.address, key.length, length);
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                int kept = before == null ? 0 : Math.min(before.bytes.length, length);
                if (before != null) {
                    System.arraycopy(before.bytes, 0, bytes, 0, kept);
                }
                Memory.copy(bytes, kept, keyspace.valueAddress(entry) + kept, length - kept);
                Value after = new Value(bytes, before == null ? 0 : before.expiry);
                model.put(k, after);
                same(entry, k, after);
            } else if (dice < (growing ? 55 : 70)) {
                assertThat(keyspace.remove(key.address, key.length)).isEqualTo(before != null);
                model.remove(k);
            } else if (dice < 80) {
                long expiry = random.nextInt(3) == 0 ? 0 : now + random.nextInt(50_000);
                long entry = keyspace.setExpiry(key.address, key.length, expiry);
                assertThat(entry != 0).isEqualTo(before != null);
                if (before != null) {
                    Value after = new Value(before.bytes, expiry);
                    model.put(k, after);
                    same(entry, k, after);
                }
            } else if (dice < 98) {
                now += random.nextInt(5);
                long entry = keyspace.find(key.address, key.length, now);
                if (before != null && due(before)) {
                    model.remove(k);
                    expired++;
                    before = null;
                }
                if (before == null) {
                    assertThat(entry).isZero();
                } else {
                    same(entry, k, before);
                }
            } else if (random.nextInt(20) == 0) {
                now += 1000;
                int removed = keyspace.expireDue(now, Integer.MAX_VALUE);
                int missed = 0;
                for (int round = 0; round < 4; round++) {
                    // Slots that move while others are removed may escape one round.
                    missed += keyspace.expireDue(now, Integer.MAX_VALUE);
                }
                int due = model.size();
                model.values().removeIf(this::due);
                due -= model.size();
                expired += due;
                assertThat(removed + missed).isEqualTo(due);
                assertThat(missed).isLessThanOrEqualTo(due / 10 + 2);
            } else if (random.nextInt(2) == 0) {
                keyspace.defragment(random.nextInt(300));
                keyspace.release(random.nextInt(1 << 19));
            } else if (random.nextInt(5000) == 0) {
                keyspace.clear();
                model.clear();
            }
        } catch (OutOfMemoryError e) {
            if (before == null) {
                assertThat(keyspace.find(key.address, key.length, 0)).isZero();
            } else {
                same(keyspace.find(key.address, key.length, 0), k, before);
            }
        }
    }

    private boolean due(Value v) {
        return v.expiry != 0 && v.expiry < now;
    }

    private void same(long entry, String k, Value v) {
        if (entry == 0) {
            throw new AssertionError("absent: " + k);
        }
        // Without AssertJ where all is well: its cost would dwarf what is tested.
        if (keyspace.valueLength(entry) != v.bytes.length || keyspace.expiry(entry) != v.expiry
                || keyspace.keyLength(entry) != k.length() || keyspace.type(entry) != Keyspace.TYPE_STRING
                || !Arrays.equals(Bytes.read(keyspace.valueAddress(entry), v.bytes.length), v.bytes)) {
            assertThat(keyspace.keyLength(entry)).isEqualTo(k.length());
            assertThat(keyspace.expiry(entry)).isEqualTo(v.expiry);
            assertThat(Bytes.read(keyspace.valueAddress(entry), keyspace.valueLength(entry))).isEqualTo(v.bytes);
        }
    }

    private void check() {
        assertThat(keyspace.size()).isEqualTo(model.size());
        assertThat(keyspace.expiring()).isEqualTo(model.values().stream().filter(v -> v.expiry != 0).count());
        long payload = 0;
        for (Map.Entry<String, Value> e : model.entrySet()) {
            put(e.getKey());
            same(keyspace.find(key.address, key.length, 0), e.getKey(), e.getValue());
            payload += key.length + e.getValue().bytes.length;
        }
        assertThat(keyspace.liveBytes()).isGreaterThanOrEqualTo(payload);
        assertThat(keyspace.usedMemory()).isGreaterThanOrEqualTo(keyspace.liveBytes());
        Set<String> seen = new HashSet<>();
        long[] visits = new long[1];
        long cursor = 0;
        do {
            cursor = keyspace.scan(cursor, entry -> {
                visits[0]++;
                seen.add(new String(Bytes.read(keyspace.keyAddress(entry), keyspace.keyLength(entry)),
                        StandardCharsets.ISO_8859_1));
            });
        } while (cursor != 0);
        assertThat(seen).isEqualTo(model.keySet());
        assertThat(visits[0]).as("nothing visited twice").isEqualTo(model.size());
    }
}
