package io.solaster.store.collection;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.type.ListType;
import io.solaster.store.type.Packed;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of a keyspace beside lists of Java. */
final class ListsTest {
    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1), List.of(new ListType()));
    private final Lists lists = new Lists(keys);
    private final Texts key = new Texts();
    private final Texts text = new Texts();

    @AfterEach
    void close() {
        keys.close();
        lists.close();
        lists.close();
        key.close();
        text.close();
        assertThat(memory.outstanding()).isZero();
    }

    private void open(String name) {
        key.put(name);
        lists.open(key.address, key.length, keys.find(key.address, key.length, 0));
    }

    private void push(boolean first, String element) {
        text.put(element);
        lists.push(first, text.address, text.length);
    }

    private static String read(long element) {
        int length = Packed.length(element);
        long to = Memory.allocate(length + 1);
        Packed.copy(element, to);
        String read = Texts.read(to, length);
        Memory.free(to);
        return read;
    }

    private List<String> forwards() {
        List<String> all = new ArrayList<>();
        if (lists.count() > 0) {
            for (lists.seek(0); lists.element() != 0; lists.next()) {
                all.add(read(lists.element()));
            }
        }
        return all;
    }

    private List<String> backwards() {
        List<String> all = new ArrayList<>();
        if (lists.count() > 0) {
            for (lists.seek(lists.count() - 1); lists.element() != 0; lists.previous()) {
                all.add(read(lists.element()));
            }
        }
        return all;
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

    private void check(List<String> model) {
        assertThat(lists.count()).isEqualTo(model.size());
        assertThat(forwards()).isEqualTo(model);
        assertThat(backwards()).isEqualTo(model.reversed());
        assertThat(keys.find(key.address, key.length, 0) != 0).isEqualTo(!model.isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"1, 300, 5", "2, 800, 30", "3, 300, 300", "4, 200, 5000", "5, 3000, 8"})
    void behaveAsLists(long seed, int steps, int longest) {
        Property.check(seed, 6, Duration.ZERO, draw -> {
            List<String> model = new ArrayList<>();
            memory.allow(Long.MAX_VALUE);
            keys.clear();
            open("list");
            draw.repeat(steps, _ -> {
                step(draw, model, longest);
                assertThat(lists.count()).isEqualTo(model.size());
            });
            check(model);
            if (!model.isEmpty()) {
                lists.remove();
            }
            freeAll();
            assertThat(keys.nodes().live()).isZero();
            assertThat(keys.size()).isZero();
        });
    }

    @ParameterizedTest
    @CsvSource({"6, 40", "7, 3000"})
    void stayAsTheyWereWhereMemoryIsRefused(long seed, int longest) {
        Property.check(seed, 4, Duration.ZERO, draw -> {
            List<String> model = new ArrayList<>();
            memory.allow(Long.MAX_VALUE);
            keys.clear();
            open("list");
            draw.repeat(300, _ -> {
                List<String> before = new ArrayList<>(model);
                memory.allow(draw.oneIn(3) ? 0 : Long.MAX_VALUE);
                try {
                    step(draw, model, longest);
                } catch (OutOfMemoryError e) {
                    model.clear();
                    model.addAll(before);
                }
                memory.allow(Long.MAX_VALUE);
                assertThat(lists.count()).isEqualTo(model.size());
            });
            check(model);
            if (!model.isEmpty()) {
                lists.remove();
            }
            freeAll();
            assertThat(keys.nodes().live()).isZero();
        });
    }

    private void step(Draw draw, List<String> model, int longest) {
        int choice = draw.nextInt(model.isEmpty() ? 8 : 20);
        if (choice < 8) {
            boolean first = draw.nextBoolean();
            String element = element(draw, longest);
            push(first, element);
            model.add(first ? 0 : model.size(), element);
            return;
        }
        int index = draw.nextInt(model.size());
        switch (choice) {
            case 8, 9, 10 -> {
                lists.seek(index);
                boolean before = draw.nextBoolean();
                text.put(element(draw, longest));
                lists.insert(index, before, text.address, text.length);
                model.add(before ? index : index + 1, Texts.read(text.address, text.length));
            }
            case 11, 12, 13 -> {
                text.put(element(draw, longest));
                lists.set(index, text.address, text.length);
                model.set(index, Texts.read(text.address, text.length));
            }
            case 14, 15 -> drop(draw, model, 1 + draw.nextInt(Math.min(3, model.size())));
            case 16 -> {
                if (draw.oneIn(8)) {
                    drop(draw, model, 1 + draw.nextInt(model.size()));
                }
            }
            case 17, 18 -> remove(draw, model, draw.nextBoolean() ? model.get(index) : element(draw, longest));
            default -> {
                lists.seek(index);
                assertThat(read(lists.element())).isEqualTo(model.get(index));
            }
        }
    }

    private void drop(Draw draw, List<String> model, int count) {
        boolean first = draw.nextBoolean();
        lists.drop(first, count);
        (first ? model.subList(0, count) : model.subList(model.size() - count, model.size())).clear();
    }

    private void remove(Draw draw, List<String> model, String element) {
        int most = 1 + draw.nextInt(4);
        boolean backwards = draw.nextBoolean();
        text.put(element);
        long removed = lists.removeEqual(most, backwards, text.address, text.length);
        int expected = 0;
        for (int i = 0; i < model.size() && expected < most;) {
            int at = backwards ? model.size() - 1 - i : i;
            if (model.get(at).equals(element)) {
                model.remove(at);
                expected++;
            } else {
                i++;
            }
        }
        assertThat(removed).isEqualTo(expected);
    }

    private static String element(Draw draw, int longest) {
        return switch (draw.nextInt(6)) {
            case 0 -> Long.toString(draw.anyLong());
            case 1, 2, 3 -> draw.of("", "a", "1", "x".repeat(longest / 2), "y".repeat(longest));
            default -> new String(draw.bytes(longest), StandardCharsets.ISO_8859_1);
        };
    }

    @Test
    void longListsAreMovedOutOfSparsePages() {
        Map<String, List<String>> model = new HashMap<>();
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 300; i++) {
            open("list:" + i);
            List<String> elements = new ArrayList<>();
            for (int j = 0; j < 700; j++) {
                elements.add("element " + random.nextInt(1000));
                push(false, elements.getLast());
            }
            model.put("list:" + i, elements);
        }
        for (int i = 0; i < 300; i++) {
            if (i % 10 != 0) {
                open("list:" + i);
                lists.remove();
                model.remove("list:" + i);
            }
        }
        freeAll();
        long before = usedWithoutSlack();
        for (int i = 0; i < 5_000; i++) {
            // More than it takes; between its rounds it rests.
            keys.defragment(1000);
        }
        assertThat(usedWithoutSlack()).isLessThan(before / 2);
        model.forEach((name, elements) -> {
            open(name);
            check(elements);
            push(true, "first");
            push(false, "last");
            elements.addFirst("first");
            elements.addLast("last");
            check(elements);
        });
    }

    @Test
    void listsBeginSmallAndBecomeLong() {
        open("list");
        for (int i = 0; i < 100; i++) {
            push(false, "e" + i);
        }
        assertThat(keys.nodes().live()).isZero();
        for (int i = 0; i < 100; i++) {
            push(true, "e" + i);
        }
        assertThat(keys.nodes().live()).isPositive();
        lists.drop(true, 199);
        assertThat(forwards()).containsExactly("e99");
        lists.drop(true, 1);
        assertThat(keys.size()).isZero();
        assertThat(keys.nodes().live()).isZero();
    }

    @Test
    void elementsOfAnyLengthHaveANodeOfTheirOwn() {
        open("list");
        List<String> model = new ArrayList<>();
        for (int length : new int[]{10, 5_000, 40_000, 1, 300_000, 70_000}) {
            push(false, "z".repeat(length));
            model.add("z".repeat(length));
        }
        check(model);
        text.put("y".repeat(200_000));
        lists.set(1, text.address, text.length);
        model.set(1, "y".repeat(200_000));
        check(model);
        text.put("small");
        for (int index = 1; index < 6; index++) {
            lists.set(index, text.address, text.length);
            model.set(index, "small");
        }
        check(model);
        assertThat(keys.nodes().live()).isLessThan(20_000);
        lists.remove();
        freeAll();
        assertThat(keys.nodes().live()).isZero();
    }

    @Test
    void theRoomOfALargeElementGoesWithIt() {
        for (boolean first : new boolean[]{true, false}) {
            for (int length = 100_000; length < 104_000; length += 500) {
                open("list");
                push(first, "z".repeat(length));
                for (int i = 0; i < 10; i++) {
                    push(first, Integer.toString(i));
                    push(!first, "a" + i);
                }
                assertThat(lists.count()).isEqualTo(21);
                text.put("z".repeat(length));
                assertThat(lists.removeEqual(1, first, text.address, text.length)).isEqualTo(1);
                assertThat(forwards()).hasSize(20);
                assertThat(backwards()).isEqualTo(forwards().reversed());
                assertThat(keys.nodes().live()).isLessThan(20_000);
                push(first, "z".repeat(length));
                push(first, "last");
                lists.drop(!first, 21);
                assertThat(forwards()).containsExactly("last");
                assertThat(keys.nodes().live()).isLessThan(20_000);
                lists.remove();
                freeAll();
            }
        }
    }

    @Test
    void elementsTakeLittleMoreThanTheirBytes() {
        open("list");
        for (int i = 0; i < 100_000; i++) {
            push(i % 2 == 0, "element:" + (100_000 + i));
        }
        assertThat(keys.nodes().used()).isLessThan(100_000L * 14 * 5 / 4);
    }
}
