package io.solaster.store.collection;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

import io.solaster.store.keyspace.Encodings;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.SortedSetType;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sorted sets of a keyspace beside those of Java. */
final class SortedSetsTest {
    private record Member(double score, String text) {}

    /** A set of Java's. Characters are bytes without sign, so that strings have the right order. */
    private static final class Model {
        final Map<String, Double> scores = new HashMap<>();
        final NavigableSet<Member> order = new TreeSet<>(Comparator.comparingDouble((Member m) -> m.score + 0.0)
                .thenComparing(Member::text));

        void put(String text, double score) {
            remove(text);
            scores.put(text, score);
            order.add(new Member(score, text));
        }

        void remove(String text) {
            Double old = scores.remove(text);
            if (old != null) {
                order.remove(new Member(old, text));
            }
        }

        Model copy() {
            Model copy = new Model();
            scores.forEach(copy::put);
            return copy;
        }
    }

    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1), List.of(new SortedSetType()));
    private final SortedSets sets = new SortedSets(keys,
            new FieldTable(keys.nodes(), KeyspaceHash.seeded(new SplittableRandom(2))));
    private final Texts key = new Texts();
    private final Texts text = new Texts();

    @AfterEach
    void close() {
        keys.close();
        sets.close();
        sets.close();
        key.close();
        text.close();
        assertThat(memory.outstanding()).isZero();
    }

    private void open(String name) {
        key.put(name);
        sets.open(key.address, key.length, keys.find(key.address, key.length, 0));
    }

    private boolean find(String member) {
        text.put(member);
        return sets.find(text.address, text.length);
    }

    private void put(String member, double score) {
        if (find(member)) {
            if (sets.score() != score) {
                sets.rescore(score, text.address, text.length);
            }
        } else {
            sets.add(score, text.address, text.length);
        }
    }

    private String found() {
        return Texts.read(sets.address(), sets.length());
    }

    /** Bytes of pages with nodes. */
    private long usedWithoutSlack() {
        keys.trim();
        while (keys.release(1 << 20)) {
            // Until nothing is left.
        }
        return keys.nodes().used();
    }

    private void freeAll() {
        while (keys.freeNodes(100) > 0) {
            // Until nothing is left.
        }
    }

    private void check(Model model) {
        List<Member> expected = new ArrayList<>(model.order);
        assertThat(sets.count()).isEqualTo(expected.size());
        assertThat(keys.find(key.address, key.length, 0) != 0).isEqualTo(!expected.isEmpty());
        if (expected.isEmpty()) {
            return;
        }
        List<Member> forwards = new ArrayList<>();
        sets.seek(0);
        for (int i = 0; i < expected.size(); i++) {
            forwards.add(new Member(sets.score() + 0.0, found()));
            if (i + 1 < expected.size()) {
                sets.next();
            }
        }
        assertThat(forwards).isEqualTo(expected.stream().map(m -> new Member(m.score + 0.0, m.text)).toList());
        List<String> backwards = new ArrayList<>();
        sets.seek(expected.size() - 1);
        for (int i = 0; i < expected.size(); i++) {
            backwards.add(found());
            if (i + 1 < expected.size()) {
                sets.previous();
            }
        }
        assertThat(backwards.reversed()).isEqualTo(expected.stream().map(Member::text).toList());
        for (int rank = 0; rank < expected.size(); rank += 1 + expected.size() / 50) {
            sets.seek(rank);
            assertThat(found()).isEqualTo(expected.get(rank).text);
            assertThat(find(expected.get(rank).text)).isTrue();
            assertThat(sets.rank()).isEqualTo(rank);
        }
        Set<String> scanned = new HashSet<>();
        long cursor = 0;
        do {
            cursor = sets.scan(cursor, 10);
            while (sets.scanned()) {
                scanned.add(found());
            }
        } while (cursor != 0);
        assertThat(scanned).isEqualTo(model.scores.keySet());
    }

    /** How many scores, how many members, how long those are, how many steps. */
    @ParameterizedTest
    @CsvSource({"1, 20, 60, 12, 400", "2, 1000000, 4000, 12, 5000", "3, 3, 3000, 8, 4000", "4, 1, 2000, 30, 3000",
            "5, 500, 200, 100, 2000"})
    void behaveAsSortedSets(long seed, int scores, int members, int longest, int steps) {
        List<String> names = names(members, longest);
        Property.check(seed, 4, Duration.ZERO, draw -> {
            Model model = new Model();
            memory.allow(Long.MAX_VALUE);
            keys.clear();
            open("set");
            int phase = 1 + steps / 3;
            draw.repeat(steps, i -> {
                step(draw, model, names, scores, i / phase % 2 == 0);
                assertThat(sets.count()).isEqualTo(model.scores.size());
            });
            check(model);
            if (sets.count() > 0) {
                sets.remove();
            }
            freeAll();
            assertThat(keys.nodes().live()).isZero();
            assertThat(keys.size()).isZero();
        });
    }

    @ParameterizedTest
    @CsvSource({"6, 1000, 600", "7, 2, 600", "8, 1000, 100"})
    void stayAsTheyWereWhereMemoryIsRefused(long seed, int scores, int members) {
        List<String> names = names(members, 20);
        Property.check(seed, 4, Duration.ZERO, draw -> {
            Model model = new Model();
            memory.allow(Long.MAX_VALUE);
            keys.clear();
            open("set");
            draw.repeat(1000, _ -> {
                Model before = model.copy();
                memory.allow(draw.oneIn(2) ? 0 : Long.MAX_VALUE);
                try {
                    step(draw, model, names, scores, true);
                } catch (OutOfMemoryError e) {
                    List.copyOf(model.scores.keySet()).forEach(model::remove);
                    before.scores.forEach(model::put);
                }
                memory.allow(Long.MAX_VALUE);
                assertThat(sets.count()).isEqualTo(model.scores.size());
            });
            check(model);
            if (sets.count() > 0) {
                sets.remove();
            }
            freeAll();
            assertThat(keys.nodes().live()).isZero();
        });
    }

    private static List<String> names(int count, int longest) {
        SplittableRandom random = new SplittableRandom(9);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] bytes = new byte[random.nextInt(longest + 1)];
            random.nextBytes(bytes);
            names.add(switch (i % 4) {
                case 0 -> Integer.toString(i);
                case 1 -> "m" + i;
                default -> new String(bytes, StandardCharsets.ISO_8859_1);
            });
        }
        return names;
    }

    private void step(Draw draw, Model model, List<String> names, int scores, boolean growing) {
        String name = names.get(draw.nextInt(names.size()));
        int choice = draw.nextInt(20);
        if (choice < (growing ? 14 : 5)) {
            double score = score(draw, scores);
            // The model's first, so that it is what a refusal of memory takes back.
            boolean there = model.scores.containsKey(name);
            if (!there || model.scores.get(name) != score) {
                model.put(name, score);
            }
            put(name, score);
        } else if (choice < 17) {
            model.remove(name);
            if (find(name)) {
                sets.removeFound();
            }
        } else if (choice == 17) {
            if (model.scores.size() > 10) {
                removeRange(draw, model);
            }
        } else if (find(name)) {
            assertThat(sets.score()).isEqualTo(model.scores.get(name));
        } else {
            assertThat(model.scores).doesNotContainKey(name);
        }
        if (choice > 17) {
            bounds(draw, model, names, scores);
        }
    }

    private static double score(Draw draw, int scores) {
        int whole = draw.nextInt(scores);
        return switch (draw.nextInt(scores == 1 ? 1 : 12)) {
            case 9 -> whole + 0.5;
            case 10 -> -whole;
            case 11 -> draw.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e300, 0x1p63, -0x1p63, 1e-300);
            default -> whole;
        };
    }

    private void removeRange(Draw draw, Model model) {
        int rank = draw.nextInt(model.scores.size());
        int count = 1 + draw.nextInt(Math.min(draw.oneIn(10) ? 200 : 3, model.scores.size() - rank));
        List<Member> removed = new ArrayList<>(model.order).subList(rank, rank + count);
        removed.forEach(member -> model.remove(member.text));
        sets.removeRange(rank, count);
    }

    private void bounds(Draw draw, Model model, List<String> names, int scores) {
        double score = score(draw, scores);
        assertThat(sets.below(score, false))
                .isEqualTo(model.order.stream().filter(m -> m.score < score).count());
        assertThat(sets.below(score, true))
                .isEqualTo(model.order.stream().filter(m -> m.score <= score).count());
        if (scores == 1) {
            String name = names.get(draw.nextInt(names.size()));
            text.put(name);
            assertThat(sets.below(text.address, text.length, false))
                    .isEqualTo(model.order.stream().filter(m -> m.text.compareTo(name) < 0).count());
            text.put(name);
            assertThat(sets.below(text.address, text.length, true))
                    .isEqualTo(model.order.stream().filter(m -> m.text.compareTo(name) <= 0).count());
        }
    }

    @Test
    void largeSetsAreMovedOutOfSparsePages() {
        Map<String, Model> models = new HashMap<>();
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 40; i++) {
            open("set:" + i);
            Model model = new Model();
            for (int j = 0; j < 1500; j++) {
                String name = "member " + random.nextInt(100_000);
                double score = random.nextInt(i % 2 == 0 ? 3 : 10_000);
                put(name, score);
                model.put(name, score);
            }
            models.put("set:" + i, model);
        }
        for (int i = 0; i < 40; i++) {
            open("set:" + i);
            if (i % 8 > 1) {
                sets.remove();
                models.remove("set:" + i);
            } else {
                thinOut(models.get("set:" + i), random);
            }
        }
        freeAll();
        long before = usedWithoutSlack();
        for (int i = 0; i < 5_000; i++) {
            // More than it takes; between its rounds it rests.
            keys.defragment(1000);
        }
        assertThat(usedWithoutSlack()).isLessThan(before / 2);
        models.forEach((name, model) -> {
            open(name);
            check(model);
            for (int j = 0; j < 300; j++) {
                put("new " + j, j);
                model.put("new " + j, j);
            }
            check(model);
        });
    }

    private void thinOut(Model model, SplittableRandom random) {
        for (String name : List.copyOf(model.scores.keySet())) {
            if (random.nextInt(3) != 0) {
                find(name);
                sets.removeFound();
                model.remove(name);
            }
        }
    }

    @Test
    void setsBeginSmallAndBecomeTrees() {
        open("set");
        for (int i = 0; i < Encodings.DEFAULTS.mostScored(); i++) {
            put("m" + i, i);
        }
        assertThat(sets.isTree()).isFalse();
        assertThat(keys.nodes().live()).isZero();
        put("more", 1);
        assertThat(sets.isTree()).isTrue();
        sets.removeRange(0, 128);
        assertThat(sets.count()).isEqualTo(1);
        sets.seek(0);
        assertThat(found()).isEqualTo("m127");
        sets.removeFound();
        assertThat(keys.size()).isZero();
        open("other");
        put("x".repeat(Encodings.DEFAULTS.longestScored() + 1), 1);
        assertThat(sets.isTree()).isTrue();
    }

    @Test
    void manyMembersTakeLittleMemory() {
        open("set");
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 100_000; i++) {
            put("element:%08d".formatted(i), random.nextInt());
        }
        // 16 bytes of member and 8 of score each.
        assertThat(keys.nodes().used()).isLessThan(100_000L * 85);
        open("ascending");
        long before = keys.nodes().used();
        for (int i = 0; i < 100_000; i++) {
            put("element:%08d".formatted(i), i);
        }
        assertThat(keys.nodes().used() - before).isLessThan(100_000L * 75);
    }

    @ParameterizedTest
    @CsvSource({"1000000000", "5"})
    void aTreeOfSeveralLevelsGrowsAndShrinks(int scores) {
        open("set");
        SplittableRandom random = new SplittableRandom(4);
        Model model = new Model();
        for (int i = 0; i < 40_000; i++) {
            double score = random.nextInt(scores);
            put("m" + i, score);
            model.put("m" + i, score);
        }
        check(model);
        for (int i = 0; i < 40_000; i++) {
            if (i % 40 != 0) {
                assertThat(find("m" + i)).isTrue();
                sets.removeFound();
                model.remove("m" + i);
            }
        }
        check(model);
        // Leaves that became sparse were made one.
        assertThat(keys.nodes().live()).isLessThan(1000 * 150);
        sets.remove();
        freeAll();
        assertThat(keys.nodes().live()).isZero();
    }

    @Test
    void minusZeroKeepsItsSignInATree() {
        open("set");
        put("a", -0.0);
        assertThat(find("a")).isTrue();
        assertThat(1 / sets.score()).isPositive();
        for (int i = 0; i < 200; i++) {
            put("m" + i, i);
        }
        put("b", -0.0);
        assertThat(find("b")).isTrue();
        assertThat(1 / sets.score()).isNegative();
        assertThat(sets.rank()).isEqualTo(1);
    }
}
