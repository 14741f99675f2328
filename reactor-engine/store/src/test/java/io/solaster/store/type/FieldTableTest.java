package io.solaster.store.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FieldTableTest {
    private record Value(@Nullable String text, long expiry) {}

    private final CountedMemory memory = new CountedMemory();
    private final Slabs nodes = new Slabs(memory);
    private final KeyspaceHash seeded = KeyspaceHash.seeded(new SplittableRandom(1));
    private final long root = Memory.allocate(FieldTable.ROOT + 1) + 1; // aligned to nothing
    private final long field = Memory.allocate(200_000);
    private final long value = Memory.allocate(200_000);
    private final Map<String, Value> model = new HashMap<>();
    private FieldTable table = new FieldTable(nodes, seeded);

    @AfterEach
    void close() {
        memory.allow(Long.MAX_VALUE);
        nodes.close();
        assertThat(memory.outstanding()).isZero();
        Memory.free(root - 1);
        Memory.free(field);
        Memory.free(value);
    }

    private static int write(String text, long to) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(bytes, 0, to, bytes.length);
        return bytes.length;
    }

    private static String read(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String fieldOf(long node) {
        return read(FieldNode.fieldAddress(node), FieldNode.fieldLength(node));
    }

    private static Value valueOf(long node) {
        int length = FieldNode.valueLength(node);
        return new Value(length == FieldNode.NO_VALUE ? null : read(FieldNode.valueAddress(node), length),
                FieldNode.expiry(node));
    }

    private boolean put(String name, @Nullable String text, long expiry) {
        int length = text == null ? FieldNode.NO_VALUE : write(text, value);
        return table.put(root, field, write(name, field), value, length, expiry);
    }

    private long find(String name) {
        return table.find(root, field, write(name, field));
    }

    private boolean remove(String name) {
        return table.remove(root, field, write(name, field));
    }

    private Set<String> scanned(int most) {
        Set<String> seen = new HashSet<>();
        long cursor = 0;
        int calls = 0;
        do {
            cursor = table.scan(root, cursor, node -> seen.add(fieldOf(node)));
            assertThat(++calls).isLessThanOrEqualTo(most);
        } while (cursor != 0);
        return seen;
    }

    private void check() {
        assertThat(FieldTable.count(root)).isEqualTo(model.size());
        assertThat(FieldTable.expiring(root)).isEqualTo(model.values().stream().filter(v -> v.expiry != 0).count());
        assertThat(FieldTable.bytes(root)).isEqualTo(nodes.live());
        Map<String, Value> walked = new HashMap<>();
        table.begin();
        for (long node = table.next(root); node != 0; node = table.next(root)) {
            assertThat(walked.put(fieldOf(node), valueOf(node))).isNull();
        }
        assertThat(walked).isEqualTo(model);
        assertThat(scanned(FieldTable.buckets(root))).isEqualTo(model.keySet());
        for (Map.Entry<String, Value> each : model.entrySet()) {
            assertThat(valueOf(find(each.getKey()))).isEqualTo(each.getValue());
            assertThat(FieldTable.earliestExpiry(root))
                    .isLessThanOrEqualTo(each.getValue().expiry == 0 ? Long.MAX_VALUE : each.getValue().expiry);
        }
    }

    private static String name(Draw draw, int distinct) {
        int i = draw.nextInt(distinct);
        return i % 50 == 0 ? "long".repeat(i + 100) + i : "f" + i;
    }

    private @Nullable String text(Draw draw, boolean set) {
        return set ? null : "v".repeat(draw.oneIn(50) ? draw.nextInt(1000) : draw.nextInt(30));
    }

    private void step(Draw draw, int distinct, boolean set, boolean growing) {
        String name = name(draw, distinct);
        int what = draw.nextInt(20);
        if (what < (growing ? 12 : 4)) {
            String text = text(draw, set);
            long expiry = !set && draw.oneIn(5) ? 1 + draw.nextLong(1000) : 0;
            assertThat(put(name, text, expiry)).isEqualTo(!model.containsKey(name));
            model.put(name, new Value(text, expiry));
        } else if (what < 16) {
            assertThat(remove(name)).isEqualTo(model.remove(name) != null);
        } else if (what < 18) {
            Value there = model.get(name);
            long node = find(name);
            assertThat(node == 0 ? null : valueOf(node)).isEqualTo(there);
        } else if (what == 18 && !set) {
            long expiry = draw.nextInt(3) * 500L;
            Value there = model.get(name);
            assertThat(table.setExpiry(root, field, write(name, field), expiry)).isEqualTo(there != null);
            if (there != null) {
                model.put(name, new Value(there.text, expiry));
            }
        } else if (!model.isEmpty()) {
            assertThat(model).containsKey(fieldOf(table.random(root, draw)));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 4000, 6000, false", "2, 4000, 6000, true", "3, 300, 3000, false", "4, 10, 1000, false"})
    void behavesAsAMap(long seed, int distinct, int steps, boolean set) {
        Property.check(seed, 3, draw -> {
            nodes.drop();
            model.clear();
            table.create(root);
            for (int phase = 0; phase < 4; phase++) {
                boolean growing = phase % 2 == 0;
                draw.repeat(steps, _ -> step(draw, distinct, set, growing));
                check();
            }
            free(1000);
        });
    }

    private void free(int steps) {
        while (!table.free(root, steps)) {
            assertThat(nodes.live()).isPositive();
        }
        assertThat(FieldTable.bytes(root)).isZero();
        assertThat(nodes.live()).isZero();
        assertThat(table.free(root, steps)).isTrue();
    }

    private void fill(int from, int to) {
        for (int i = from; i < to; i++) {
            put("f" + i, "v" + i, 0);
        }
    }

    @Test
    void aScanSeesWhatStaysThoughTheTableGrowsAndShrinks() {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            table.create(root);
            int stay = 1 + random.nextInt(300);
            int most = 2000;
            fill(0, random.nextBoolean() ? most : stay);
            Set<String> seen = new HashSet<>();
            long cursor = 0;
            do {
                cursor = table.scan(root, cursor, node -> seen.add(fieldOf(node)));
                boolean growing = random.nextBoolean();
                for (int i = random.nextInt(300); i > 0; i--) {
                    String name = "f" + random.nextInt(stay, most);
                    if (growing) {
                        put(name, "x", 0);
                    } else {
                        remove(name);
                    }
                }
            } while (cursor != 0);
            for (int i = 0; i < stay; i++) {
                assertThat(seen).as("seed %s", seed).contains("f" + i);
            }
            free(Integer.MAX_VALUE);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 32, -1, Long.MIN_VALUE, Long.MAX_VALUE})
    void aCursorThatNobodyGaveOutEndsAScan(long cursor) {
        table.create(root);
        fill(0, 100);
        assertThat(table.scan(root, cursor, _ -> {})).isZero();
        assertThat(table.scan(root, 0xFFFF_FFFFL, _ -> {})).isZero();
    }

    @Test
    void noCallHashesMoreThanABucket() {
        int[] calls = new int[1];
        table = new FieldTable(nodes, (address, length) -> {
            calls[0]++;
            return seeded.hash(address, length);
        });
        table.create(root);
        int most = 0;
        for (int i = 0; i < 20_000; i++) {
            calls[0] = 0;
            put("f" + i, "v", 0);
            most = Math.max(most, calls[0]);
        }
        for (int i = 0; i < 20_000; i++) {
            calls[0] = 0;
            remove("f" + i);
            most = Math.max(most, calls[0]);
        }
        assertThat(most).isLessThan(40);
        assertThat(FieldTable.buckets(root)).isEqualTo(4);
        free(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 100, 3000})
    void everyFieldIsAsLikelyToBeDrawn(int fields) {
        table.create(root);
        fill(0, fields);
        SplittableRandom random = new SplittableRandom(7);
        Map<String, Integer> drawn = new HashMap<>();
        int each = 100;
        for (int i = 0; i < fields * each; i++) {
            drawn.merge(fieldOf(table.random(root, random)), 1, Integer::sum);
        }
        double chiSquare = 0;
        for (int i = 0; i < fields; i++) {
            double off = drawn.getOrDefault("f" + i, 0) - each;
            chiSquare += off * off / each;
        }
        // Its mean is one less than the fields, its variance twice that.
        assertThat(chiSquare).isLessThan(fields + 6 * Math.sqrt(2.0 * fields));
        free(100);
    }

    @Test
    void fieldsThatCollideAreAllThere() {
        table = new FieldTable(nodes, (address, length) -> length % 3 * 0x5555_5555_5555_5555L);
        table.create(root);
        Property.check(5, 1, draw -> {
            draw.repeat(1500, _ -> step(draw, 200, false, true));
            check();
            draw.repeat(1500, _ -> step(draw, 200, false, false));
            check();
        });
        free(10);
    }

    @Test
    void whatIsDueIsRemovedInSteps() {
        table.create(root);
        for (int i = 0; i < 5000; i++) {
            long expiry = i % 3 == 0 ? 0 : i % 3 == 1 ? 100 : 200;
            put("f" + i, "v" + i, expiry);
            model.put("f" + i, new Value("v" + i, expiry));
        }
        assertThat(table.expireDue(root, 100, Integer.MAX_VALUE)).isZero();
        assertThat(FieldTable.earliestExpiry(root)).isEqualTo(100);
        for (long limit : new long[]{101, 201}) {
            model.values().removeIf(v -> v.expiry != 0 && v.expiry < limit);
            int calls = 0;
            while (FieldTable.earliestExpiry(root) < limit) {
                assertThat(table.expireDue(root, limit, 200)).isLessThan(300);
                calls++;
            }
            assertThat(calls).isGreaterThan(5);
            check();
            assertThat(FieldTable.earliestExpiry(root)).isEqualTo(limit == 101 ? 200 : Long.MAX_VALUE);
        }
    }

    @Test
    void whatIsDueIsFoundThoughTheTableChangesMeanwhile() {
        for (int seed = 0; seed < 10; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            table.create(root);
            int next = 0;
            for (long now = 1; now < 200; now++) {
                for (int i = random.nextInt(100); i > 0; i--) {
                    put("f" + next++, "v", random.nextInt(3) == 0 ? 0 : now + random.nextInt(30));
                }
                for (int i = random.nextInt(60); i > 0 && next > 0; i--) {
                    remove("f" + random.nextInt(next));
                }
                table.expireDue(root, now, random.nextInt(300));
            }
            while (FieldTable.earliestExpiry(root) < 1000) {
                table.expireDue(root, 1000, 100);
            }
            assertThat(FieldTable.expiring(root)).isZero();
            free(100);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void staysAsItWasWhenMemoryRunsOut(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        table.create(root);
        int refused = 0;
        for (int i = 0; i < 30_000; i++) {
            memory.allow(random.nextInt(200) == 0 ? Long.MAX_VALUE : 0);
            boolean growing = i / 7500 % 2 == 0;
            String name = "f" + random.nextInt(6000);
            try {
                if (random.nextInt(10) < (growing ? 7 : 3)) {
                    String text = "v".repeat(random.nextInt(random.nextInt(40) == 0 ? 60_000 : 60));
                    put(name, text, 0);
                    model.put(name, new Value(text, 0));
                } else {
                    assertThat(remove(name)).isEqualTo(model.remove(name) != null);
                }
            } catch (OutOfMemoryError e) {
                refused++;
            }
            if (i % 5000 == 4999) {
                check();
            }
        }
        assertThat(refused).isPositive();
        memory.allow(0);
        free(50);
    }

    /** Bytes of pages that hold anything. */
    private long used() {
        nodes.trim();
        while (nodes.release(1 << 20)) {
            assertThat(nodes.used()).isPositive();
        }
        return nodes.used();
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 300, 40_000})
    void survivesMovesByDefragmentation(int fields) {
        table.create(root);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < fields; i++) {
            String text = i % 10 == 0 ? "v".repeat(300) : "v" + i;
            put("f" + i, text, 0);
            names.add("f" + i);
            model.put("f" + i, new Value(text, 0));
        }
        for (int i = 0; i < fields; i++) {
            if (i % 16 != 0) {
                remove(names.get(i));
                model.remove(names.get(i));
            }
        }
        long before = used();
        FieldTableType type = new FieldTableType(4);
        while (nodes.leave(10) > 0) {
            long cursor = 0;
            int calls = 0;
            do {
                cursor = type.defragment(nodes, root, cursor, 50);
                assertThat(++calls).isLessThanOrEqualTo(FieldTable.buckets(root) + 1);
            } while (cursor != 0);
            nodes.stay();
            check();
        }
        if (fields > 10_000) {
            assertThat(used()).isLessThan(before / 2);
        }
        free(100);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 1000, 30_000, 100_000})
    void takesLittleBesideWhatItHolds(int fields) {
        table.create(root);
        for (int i = 0; i < fields; i++) {
            put("field:" + (1_000_000 + i), "value:" + (1_000_000 + i), 0);
        }
        // redis-server 7 takes 24 for the entry, 16 for the field, 16 for the value, 8 to 16 for the bucket.
        assertThat(FieldTable.bytes(root)).isLessThan((fields <= 1000 ? 60L : 50L) * fields);
        free(Integer.MAX_VALUE);
    }
}
