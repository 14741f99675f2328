package io.solaster.store.collection;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.FieldTableType;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HashesTest {
    private record Value(String text, long expiry) {}

    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1),
            List.of(new FieldTableType(Keyspace.TYPE_HASH)));
    private final Hashes hashes = new Hashes(keys,
            new FieldTable(keys.nodes(), KeyspaceHash.seeded(new SplittableRandom(2))));
    private final long key = Memory.allocate(100);
    private final long field = Memory.allocate(10_000);
    private final long value = Memory.allocate(10_000);
    private final Map<String, Map<String, Value>> model = new HashMap<>();
    private long now = 1000;

    @AfterEach
    void close() {
        keys.close();
        hashes.close();
        hashes.close();
        assertThat(memory.outstanding()).isZero();
        Memory.free(key);
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

    private void open(String name) {
        int length = write(name, key);
        hashes.open(key, length, keys.find(key, length, now), now);
    }

    private boolean put(String name, String text, long expiry) {
        return hashes.put(field, write(name, field), value, write(text, value), expiry);
    }

    private Map<String, Value> live(String name) {
        Map<String, Value> live = new LinkedHashMap<>(model.getOrDefault(name, Map.of()));
        live.values().removeIf(v -> v.expiry != 0 && v.expiry < now);
        return live;
    }

    private void check(String name) {
        open(name);
        Map<String, Value> expected = live(name);
        Map<String, Value> walked = new LinkedHashMap<>();
        if (hashes.exists()) {
            assertThat(hashes.count()).isGreaterThanOrEqualTo(expected.size());
            hashes.begin();
            while (hashes.next()) {
                walked.put(read(hashes.fieldAddress(), hashes.fieldLength()),
                        new Value(read(hashes.valueAddress(), hashes.valueLength()), hashes.expiry()));
            }
            if (!hashes.isTable()) {
                assertThat(new ArrayList<>(walked.keySet())).isEqualTo(new ArrayList<>(expected.keySet()));
            }
        }
        assertThat(walked).isEqualTo(expected);
        expected.forEach((name1, v) -> {
            assertThat(hashes.find(field, write(name1, field))).isTrue();
            assertThat(read(hashes.valueAddress(), hashes.valueLength())).isEqualTo(v.text);
        });
    }

    private static String text(Draw draw, int most) {
        return switch (draw.nextInt(4)) {
            case 0 -> Long.toString(draw.anyLong());
            case 1 -> draw.string("ab0-", 5);
            case 2 -> "x".repeat(draw.nextInt(most));
            default -> Integer.toString(draw.nextInt(1000));
        };
    }

    private void step(Draw draw, int most, boolean expires) {
        String name = draw.of("a", "b", "c");
        Map<String, Value> there = live(name);
        String which = !there.isEmpty() && draw.nextBoolean()
                ? List.copyOf(there.keySet()).get(draw.nextInt(there.size()))
                : text(draw, most);
        open(name);
        int length = write(which, field);
        switch (draw.nextInt(expires ? 10 : 8)) {
            case 0, 1, 2, 3 -> {
                String text = text(draw, most);
                assertThat(put(which, text, 0)).isEqualTo(!there.containsKey(which));
                there.put(which, new Value(text, 0));
                model.put(name, there);
            }
            case 4 -> {
                long number = draw.anyLong();
                assertThat(hashes.putNumber(field, length, number, 0)).isEqualTo(!there.containsKey(which));
                there.put(which, new Value(Long.toString(number), 0));
                model.put(name, there);
            }
            case 5 -> {
                assertThat(hashes.remove(field, length)).isEqualTo(there.remove(which) != null);
                model.put(name, there);
                hashes.expireDue(Integer.MAX_VALUE);
                assertThat(hashes.exists()).isEqualTo(!there.isEmpty());
            }
            case 6 -> assertThat(hashes.find(field, length)).isEqualTo(there.containsKey(which));
            case 7 -> {
                if (draw.nextBoolean()) {
                    hashes.expireDue(Integer.MAX_VALUE);
                    assertThat(hashes.count()).isEqualTo(there.size());
                }
                assertThat(hashes.random(draw)).isEqualTo(!there.isEmpty());
                if (!there.isEmpty()) {
                    assertThat(there).containsKey(read(hashes.fieldAddress(), hashes.fieldLength()));
                }
            }
            case 8 -> {
                long expiry = draw.nextInt(3) == 0 ? 0 : now + draw.nextInt(10);
                if (hashes.find(field, length)) {
                    hashes.setExpiry(field, length, expiry);
                    there.put(which, new Value(there.get(which).text, expiry));
                    model.put(name, there);
                }
            }
            default -> now += draw.nextInt(3);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 20, 400, false", "2, 80, 400, false", "3, 20, 2000, false", "4, 80, 1500, true"})
    void behavesAsMaps(long seed, int most, int steps, boolean expires) {
        Property.check(seed, 5, draw -> {
            keys.clear();
            model.clear();
            draw.repeat(steps, _ -> step(draw, most, expires));
            for (String name : List.of("a", "b", "c")) {
                check(name);
                int length = write(name, key);
                keys.remove(key, length);
            }
            while (keys.freeNodes(1000) >= 1000) {
                assertThat(keys.nodes().live()).isPositive();
            }
            assertThat(keys.nodes().live()).isZero();
            assertThat(keys.size()).isZero();
        });
    }

    @Test
    void becomesATableWithTheFirstFieldTooMuch() {
        open("a");
        for (int i = 0; i < 128; i++) {
            put("f" + i, "v", 0);
        }
        put("f5", "w", 0);
        assertThat(hashes.isTable()).isFalse();
        put("f128", "v", 0);
        assertThat(hashes.isTable()).isTrue();
        assertThat(hashes.count()).isEqualTo(129);
        open("b");
        put("f", "v".repeat(64), 0);
        assertThat(hashes.isTable()).isFalse();
        put("f", "v".repeat(65), 0);
        assertThat(hashes.isTable()).isTrue();
        open("c");
        put("f".repeat(65), "", 0);
        assertThat(hashes.isTable()).isTrue();
        assertThat(hashes.count()).isEqualTo(1);
    }

    @Test
    void tellsDifferentFieldsByChanceAndByScan() {
        open("a");
        Set<String> all = new LinkedHashSet<>();
        for (int i = 0; i < 1000; i++) {
            put("f" + i, "v" + i, 0);
            all.add("f" + i);
        }
        for (int wanted : new int[]{1, 10, 300, 400, 999}) {
            hashes.choose(wanted, new SplittableRandom(wanted));
            Set<String> chosen = scanned();
            assertThat(chosen).hasSize(wanted).isSubsetOf(all);
        }
        Set<String> seen = new LinkedHashSet<>();
        long cursor = 0;
        int calls = 0;
        do {
            cursor = hashes.scan(cursor, 10);
            Set<String> some = scanned();
            assertThat(some.size()).isLessThan(60);
            hashes.scannedAgain();
            assertThat(scanned()).isEqualTo(some);
            seen.addAll(some);
            calls++;
        } while (cursor != 0);
        assertThat(seen).isEqualTo(all);
        assertThat(calls).isBetween(20, 110);
    }

    @Test
    void aDrawRemovesWhatHasExpiredWhereHardlyAnyIsLeft() {
        open("a");
        for (int i = 0; i < 100_000; i++) {
            put("f" + i, "v", i == 77_777 ? 0 : 5000);
        }
        now = 5001;
        open("a");
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 1000; i++) {
            assertThat(hashes.random(random)).isTrue();
            assertThat(read(hashes.fieldAddress(), hashes.fieldLength())).isEqualTo("f77777");
        }
        assertThat(hashes.count()).isEqualTo(1);
        hashes.remove(field, write("f77777", field));
        put("other", "v", 6000);
        now = 6001;
        open("a");
        assertThat(hashes.random(random)).isFalse();
        assertThat(hashes.exists()).isFalse();
    }

    private Set<String> scanned() {
        Set<String> names = new LinkedHashSet<>();
        while (hashes.scanned()) {
            names.add(read(hashes.fieldAddress(), hashes.fieldLength()));
        }
        return names;
    }

    @Test
    void staysAsItWasWhenMemoryRunsOut() {
        SplittableRandom random = new SplittableRandom(5);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            memory.allow(random.nextInt(20) == 0 ? Long.MAX_VALUE : 0);
            String name = "abc".substring(random.nextInt(3)).substring(0, 1);
            Map<String, Value> there = model.computeIfAbsent(name, _ -> new LinkedHashMap<>());
            String which = "f" + random.nextInt(i / 20 + 1);
            open(name);
            try {
                if (random.nextInt(3) > 0) {
                    String text = "v".repeat(random.nextInt(i < 10_000 ? 60 : 5000));
                    put(which, text, 0);
                    there.put(which, new Value(text, 0));
                } else {
                    boolean removed = hashes.remove(field, write(which, field));
                    assertThat(removed).isEqualTo(there.remove(which) != null);
                }
            } catch (OutOfMemoryError e) {
                refused++;
            }
        }
        memory.allow(Long.MAX_VALUE);
        assertThat(refused).isPositive();
        check("a");
        check("b");
        check("c");
    }
}
