package io.solaster.store.collection;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

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

final class SetsTest {
    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1),
            List.of(new FieldTableType(Keyspace.TYPE_SET)));
    private final Sets sets = new Sets(keys,
            new FieldTable(keys.nodes(), KeyspaceHash.seeded(new SplittableRandom(2))));
    private final long key = Memory.allocate(100);
    private final long member = Memory.allocate(10_000);
    private final Map<String, Set<String>> model = new HashMap<>();

    @AfterEach
    void close() {
        keys.close();
        sets.close();
        sets.close();
        assertThat(memory.outstanding()).isZero();
        Memory.free(key);
        Memory.free(member);
    }

    private static int write(String text, long to) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(bytes, 0, to, bytes.length);
        return bytes.length;
    }

    private String found() {
        byte[] bytes = new byte[sets.length()];
        Memory.copy(sets.address(), bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private void open(String name) {
        int length = write(name, key);
        sets.open(key, length, keys.find(key, length, 0));
    }

    private boolean add(String text) {
        return sets.add(member, write(text, member));
    }

    private boolean remove(String text) {
        return sets.remove(member, write(text, member));
    }

    private Set<String> walked() {
        Set<String> walked = new HashSet<>();
        if (sets.exists()) {
            sets.begin();
            while (sets.next()) {
                assertThat(walked.add(found())).isTrue();
            }
        }
        return walked;
    }

    private String form() {
        long value = keys.valueAddress(keys.find(key, 1, 0));
        return Sets.isTable(value) ? "hashtable" : Sets.isNumbers(value) ? "intset" : "listpack";
    }

    private static String text(Draw draw, int kinds) {
        return switch (draw.nextInt(kinds)) {
            case 0 -> Integer.toString(draw.nextInt(-300, 700));
            case 1 -> Long.toString(draw.anyLong());
            case 2 -> draw.string("ab0-", 5);
            default -> "x".repeat(draw.nextInt(70));
        };
    }

    private void step(Draw draw, int kinds) {
        String name = draw.of("a", "b", "c");
        Set<String> there = model.computeIfAbsent(name, _ -> new TreeSet<>());
        String which = !there.isEmpty() && draw.nextBoolean()
                ? List.copyOf(there).get(draw.nextInt(there.size()))
                : text(draw, kinds);
        open(name);
        assertThat(sets.exists()).isEqualTo(!there.isEmpty());
        assertThat(sets.count()).isEqualTo(there.size());
        switch (draw.nextInt(8)) {
            case 0, 1, 2, 3, 4 -> assertThat(add(which)).isEqualTo(there.add(which));
            case 5 -> assertThat(remove(which)).isEqualTo(there.remove(which));
            case 6 -> assertThat(sets.contains(member, write(which, member))).isEqualTo(there.contains(which));
            default -> {
                if (!there.isEmpty()) {
                    sets.random(draw);
                    assertThat(there).contains(found());
                    // As SPOP does: what is removed lies in the set.
                    there.remove(found());
                    assertThat(sets.remove(sets.address(), sets.length())).isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 3000", "2, 2, 3000", "3, 3, 600", "4, 4, 2000", "5, 1, 300"})
    void behavesAsSets(long seed, int kinds, int steps) {
        Property.check(seed, 5, draw -> {
            keys.clear();
            model.clear();
            draw.repeat(steps, _ -> step(draw, kinds));
            for (String name : List.of("a", "b", "c")) {
                open(name);
                assertThat(walked()).isEqualTo(model.getOrDefault(name, Set.of()));
                if (sets.exists()) {
                    sets.removeKey();
                }
            }
            while (keys.freeNodes(1000) >= 1000) {
                assertThat(keys.nodes().live()).isPositive();
            }
            assertThat(keys.nodes().live()).isZero();
            assertThat(keys.size()).isZero();
        });
    }

    @Test
    void takesTheFormsThatRedisHas() {
        open("a");
        for (int i = 0; i < 512; i++) {
            add(Integer.toString(i));
        }
        assertThat(form()).isEqualTo("intset");
        add("512");
        assertThat(form()).isEqualTo("hashtable");
        assertThat(sets.count()).isEqualTo(513);
        open("b");
        for (int i = 0; i < 127; i++) {
            add(Integer.toString(i - 60));
        }
        assertThat(form()).isEqualTo("intset");
        add("x");
        assertThat(form()).isEqualTo("listpack");
        assertThat(sets.count()).isEqualTo(128);
        add("y");
        assertThat(form()).isEqualTo("hashtable");
        open("c");
        add("1");
        add("x".repeat(65));
        assertThat(form()).isEqualTo("hashtable");
        open("d");
        add("x".repeat(65));
        assertThat(form()).isEqualTo("hashtable");
        open("e");
        add("x");
        add("1");
        assertThat(form()).isEqualTo("listpack");
    }

    @Test
    void numbersAreWalkedThroughInOrder() {
        open("a");
        for (String number : List.of("5", "-70000", "3", "4000000000", "-2", "70000", "3")) {
            add(number);
        }
        sets.begin();
        StringBuilder all = new StringBuilder();
        while (sets.next()) {
            all.append(found()).append(' ');
        }
        assertThat(all).hasToString("-70000 -2 3 5 70000 4000000000 ");
    }

    @Test
    void staysAsItWasWhenMemoryRunsOut() {
        SplittableRandom random = new SplittableRandom(5);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            memory.allow(random.nextInt(20) == 0 ? Long.MAX_VALUE : 0);
            String name = "abc".substring(random.nextInt(3)).substring(0, 1);
            Set<String> there = model.computeIfAbsent(name, _ -> new HashSet<>());
            String which = (i % 7000 < 2000 ? "" : "y".repeat(random.nextInt(i / 10 + 1))) + random.nextInt(i / 20 + 1);
            open(name);
            try {
                if (random.nextInt(3) > 0) {
                    assertThat(add(which)).isEqualTo(!there.contains(which));
                    there.add(which);
                } else {
                    assertThat(remove(which)).isEqualTo(there.remove(which));
                }
            } catch (OutOfMemoryError e) {
                refused++;
            }
        }
        memory.allow(Long.MAX_VALUE);
        assertThat(refused).isPositive();
        for (String name : List.of("a", "b", "c")) {
            open(name);
            assertThat(walked()).isEqualTo(model.get(name));
        }
    }
}
