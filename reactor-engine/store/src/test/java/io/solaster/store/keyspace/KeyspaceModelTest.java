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
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.testkit.gen.Commands;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands of all kinds, each compared with a map. */
final class KeyspaceModelTest {
    private static final int PHASES = 6;
    /** Values that are held at a time. */
    private static final int MOST_HELD = 30;

    private record Value(byte[] bytes, long expiry) {}

    /** A value that somebody reads from where it lay, whatever becomes of its key. */
    private record Held(long entry, long address, byte[] bytes) {}

    /** How large a case is. */
    private record Size(int steps, int distinctKeys, int valueBytes) {}

    private final CountedMemory memory = new CountedMemory();
    private final Map<String, Value> model = new HashMap<>();
    private final List<String> keys = new ArrayList<>();
    private final List<Held> held = new ArrayList<>();
    private final Bytes key = new Bytes(5000);
    private final Bytes value = new Bytes(100_000);
    private OffHeapKeyspace keyspace = new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong),
            List.of());
    private Mirror mirror = new Mirror(keyspace);
    private int valueBytes;
    private boolean refuses;
    private long now;
    private long expired;

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
        value.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    private static KeyspaceHash real(long seed) {
        return new FoldedHash(new Random(seed)::nextLong);
    }

    @ParameterizedTest
    @CsvSource({"1, 80000, 20000, 60", "2, 100000, 3000, 60", "3, 40000, 2000, 2500", "4, 100000, 20, 600"})
    void behavesAsAMap(long seed, int steps, int distinctKeys, int bytes) {
        run(seed, real(seed), new Size(steps, distinctKeys, bytes), false);
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"1, 300000, 40000, 60", "2, 300000, 3000, 60", "3, 60000, 2000, 2500", "4, 200000, 20, 600",
            "5, 500000, 100000, 24"})
    void behavesAsAMapForLong(long seed, int steps, int distinctKeys, int bytes) {
        behavesAsAMap(seed, steps, distinctKeys, bytes);
    }

    @Test
    void holdsLargeValues() {
        run(6, real(6), new Size(8000, 300, 100_000), false);
    }

    @Test
    void standsCollisionsOfTags() {
        KeyspaceHash hash = real(7);
        // 16 tags: long overflows from 16 home buckets.
        run(7, (address, length) -> hash.hash(address, length) & ~((1L << 18) - 1)
                | (hash.hash(address, length) & 15) << 14, new Size(150_000, 8000, 60), false);
    }

    @Test
    void standsEqualHashes() {
        run(8, (address, length) -> length % 3 * 0x5555_5555_5555_5555L, new Size(60_000, 900, 60), false);
    }

    @Test
    void standsAHashWithFewFirstBits() {
        KeyspaceHash hash = real(9);
        run(9, (address, length) -> hash.hash(address, length) >>> 7, new Size(150_000, 5000, 60), false);
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 11})
    void staysAsItWasWhenMemoryRunsOut(int seed) {
        run(seed, real(seed), seed % 2 == 0 ? new Size(30_000, 20_000, 100) : new Size(8_000, 5_000, 60_000), true);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(ints = {12, 13, 14, 15, 16, 17, 18, 19})
    void staysAsItWasWhenMemoryRunsOutAgain(int seed) {
        staysAsItWasWhenMemoryRunsOut(seed);
    }

    private void run(long seed, KeyspaceHash hash, Size size, boolean isRefused) {
        Property.check(seed, 1, draw -> {
            memory.allow(Long.MAX_VALUE);
            keyspace.close();
            keyspace = new OffHeapKeyspace(memory, hash, List.of());
            mirror = new Mirror(keyspace);
            keyspace.listen(mirror);
            valueBytes = size.valueBytes;
            refuses = isRefused;
            now = 1_000_000;
            expired = 0;
            model.clear();
            held.clear();
            keys.clear();
            draw.from(each -> {
                for (int i = 0; i < size.distinctKeys; i++) {
                    keys.add(newKey(each, i));
                }
                return size.distinctKeys + " keys";
            });
            for (int phase = 0; phase < PHASES; phase++) {
                commands(phase % 2 == 0).run(draw, size.steps / PHASES, model, keyspace);
                memory.allow(Long.MAX_VALUE);
                check();
            }
            while (!held.isEmpty()) {
                letGo(held.removeLast());
            }
            empty();
        });
    }

    private void empty() {
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
        assertThat(memory.mappings()).isLessThanOrEqualTo(3);
    }

    private static String newKey(Draw draw, int i) {
        int length = switch (draw.nextInt(20)) {
            case 0 -> draw.nextInt(8);
            case 1 -> draw.nextInt(600);
            case 2 -> i % 100 == 0 ? 2000 + draw.nextInt(3000) : 30;
            default -> 8 + draw.nextInt(24);
        };
        byte[] bytes = new byte[length];
        draw.nextBytes(bytes);
        for (int b = 0; b < length; b++) {
            bytes[b] = (byte) ('a' + (bytes[b] & 0xff) % 3);
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private void put(String k) {
        key.put(k.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Something that is done to one key. */
    private interface OfKey {
        void run(Draw draw, String k, @Nullable Value before);
    }

    private Commands<Map<String, Value>, OffHeapKeyspace> commands(boolean growing) {
        return new Commands<Map<String, Value>, OffHeapKeyspace>()
                .add(18_000, "find", ofKey(this::find))
                .add(growing ? 40_000 : 10_000, "set", ofKey(this::set))
                .add(growing ? 5_000 : 50_000, "remove", ofKey(this::remove))
                .add(growing ? 25_000 : 10_000, "expire", ofKey(this::expire))
                .add(10_000, "resize", ofKey(this::resize))
                .add(3_000, "hold", ofKey(this::hold))
                .add(2_000, "let go", (draw, _, _) -> {
                    if (!held.isEmpty()) {
                        letGo(held.remove(draw.nextInt(held.size())));
                    }
                })
                .add(100, "expire what is due", ofKey((_, _, _) -> expireDue()))
                .add(1_000, "defragment", ofKey((draw, _, _) -> {
                    keyspace.defragment(draw.nextInt(300));
                    keyspace.release(draw.nextInt(1 << 19));
                }))
                .add(1, "clear", (_, _, _) -> {
                    keyspace.clear();
                    model.clear();
                });
    }

    /** What memory refuses leaves the key as it was. */
    private Commands.Command<Map<String, Value>, OffHeapKeyspace> ofKey(OfKey command) {
        return (draw, _, _) -> {
            String k = keys.get(draw.nextInt(keys.size()));
            put(k);
            Value before = model.get(k);
            memory.allow(refuses ? draw.nextInt(4) : Long.MAX_VALUE);
            try {
                command.run(draw, k, before);
            } catch (OutOfMemoryError e) {
                if (before == null) {
                    assertThat(keyspace.find(key.address, key.length, 0)).isZero();
                } else {
                    same(keyspace.find(key.address, key.length, 0), k, before);
                }
            }
            if (keyspace.size() != model.size() || keyspace.expired() != expired) {
                assertThat(keyspace.size()).isEqualTo(model.size());
                assertThat(keyspace.expired()).isEqualTo(expired);
            }
        };
    }

    private void set(Draw draw, String k, @Nullable Value before) {
        byte[] bytes = new byte[draw.oneIn(4) && before != null ? before.bytes.length : draw.nextInt(valueBytes + 1)];
        draw.nextBytes(bytes);
        long expiry = draw.oneIn(3) ? now + draw.nextInt(50_000) : 0;
        value.put(bytes);
        long entry = keyspace.set(key.address, key.length, value.address, value.length, expiry);
        keep(entry, k, new Value(bytes, expiry));
    }

    private void resize(Draw draw, String k, @Nullable Value before) {
        int length = before == null || draw.oneIn(4)
                ? draw.nextInt(valueBytes + 1)
                : Math.min(before.bytes.length + draw.nextInt(20), value.capacity);
        long entry = keyspace.resizeValue(key.address, key.length, length);
        byte[] bytes = new byte[length];
        draw.nextBytes(bytes);
        int kept = before == null ? 0 : Math.min(before.bytes.length, length);
        if (before != null) {
            System.arraycopy(before.bytes, 0, bytes, 0, kept);
        }
        Memory.copy(bytes, kept, keyspace.valueAddress(entry) + kept, length - kept);
        keyspace.written();
        keep(entry, k, new Value(bytes, before == null ? 0 : before.expiry));
    }

    private void hold(Draw draw, String k, @Nullable Value before) {
        long entry = keyspace.find(key.address, key.length, 0);
        if (before == null || held.size() == MOST_HELD) {
            return;
        }
        if (keyspace.hold(entry)) {
            held.add(new Held(entry, keyspace.valueAddress(entry), before.bytes));
            assertThat(keyspace.isHeld(entry)).isTrue();
        } else {
            assertThat(before.bytes.length).isLessThan(Slabs.LARGEST);
            assertThat(keyspace.isHeld(entry)).isFalse();
        }
    }

    private void letGo(Held value) {
        asItWas(value);
        keyspace.letGo(value.entry);
    }

    private static void asItWas(Held value) {
        if (!Arrays.equals(Bytes.read(value.address, value.bytes.length), value.bytes)) {
            throw new AssertionError("a value of " + value.bytes.length + " bytes has changed while it was held");
        }
    }

    private void remove(Draw draw, String k, @Nullable Value before) {
        assertThat(keyspace.remove(key.address, key.length)).isEqualTo(before != null);
        model.remove(k);
    }

    private void expire(Draw draw, String k, @Nullable Value before) {
        long expiry = draw.oneIn(3) ? 0 : now + draw.nextInt(50_000);
        long entry = keyspace.setExpiry(key.address, key.length, expiry);
        assertThat(entry != 0).isEqualTo(before != null);
        if (before != null) {
            keep(entry, k, new Value(before.bytes, expiry));
        }
    }

    private void find(Draw draw, String k, @Nullable Value before) {
        now += draw.nextInt(5);
        long entry = keyspace.find(key.address, key.length, now);
        if (before != null && due(before)) {
            model.remove(k);
            expired++;
            assertThat(entry).isZero();
        } else if (before == null) {
            assertThat(entry).isZero();
        } else {
            same(entry, k, before);
        }
    }

    private void expireDue() {
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
    }

    private void keep(long entry, String k, Value after) {
        model.put(k, after);
        same(entry, k, after);
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
        mirror.check();
        assertThat(keyspace.size()).isEqualTo(model.size());
        assertThat(keyspace.expiring()).isEqualTo(model.values().stream().filter(v -> v.expiry != 0).count());
        long payload = 0;
        for (Map.Entry<String, Value> e : model.entrySet()) {
            put(e.getKey());
            same(keyspace.find(key.address, key.length, 0), e.getKey(), e.getValue());
            payload += key.length + e.getValue().bytes.length;
        }
        held.forEach(KeyspaceModelTest::asItWas);
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
