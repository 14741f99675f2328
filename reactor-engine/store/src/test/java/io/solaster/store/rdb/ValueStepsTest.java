package io.solaster.store.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.FieldTableType;
import io.solaster.store.type.ListType;
import io.solaster.store.type.Packed;
import io.solaster.store.type.SortedSetType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Between the steps in which a value is written, keys and nodes are moved, and fields expire. */
class ValueStepsTest {
    private static final int ELEMENTS = 12_000;
    private static final long NOW = 1_000_000;

    private Keyspace keys;
    private FieldTable table;
    private Lists lists;
    private Sets sets;
    private Hashes hashes;
    private SortedSets sortedSets;
    private Streams streams;
    private ValueWorks works;
    private final long memory = Memory.allocate(1 << 16);

    enum Kind {
        LIST, SET, ZSET, HASH
    }

    @BeforeEach
    void open() {
        SplittableRandom random = new SplittableRandom(1);
        keys = Keyspace.create(SystemMemory.SYSTEM, random, List.of(new FieldTableType(Keyspace.TYPE_SET),
                new FieldTableType(Keyspace.TYPE_HASH), new ListType(), new SortedSetType()));
        table = new FieldTable(keys.nodes(), KeyspaceHash.seeded(random));
        lists = new Lists(keys);
        sets = new Sets(keys, table);
        hashes = new Hashes(keys, table);
        sortedSets = new SortedSets(keys, table);
        streams = new Streams(keys);
        works = new ValueWorks(keys, table, hashes, sets, sortedSets, streams);
    }

    @AfterEach
    void close() {
        works.close();
        keys.close();
        List.of(lists, sets, hashes, sortedSets, streams).forEach(each -> {
            try {
                each.close();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        Memory.free(memory);
    }

    /** Lets a text be used where it lies outside the heap: at one of some places. */
    private void with(int place, String text, BiConsumer<Long, Integer> use) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        long at = memory + place * 4096L;
        Memory.copy(bytes, 0, at, bytes.length);
        use.accept(at, bytes.length);
    }

    private long find(String key) {
        long[] entry = {0};
        with(0, key, (address, length) -> entry[0] = keys.peek(address, length, NOW));
        return entry[0];
    }

    private void add(Kind kind, String key, int i, long expires) {
        with(0, key, (address, length) -> with(1, "element " + i, (element, bytes) -> {
            long entry = find(key);
            switch (kind) {
                case LIST -> {
                    lists.open(address, length, entry);
                    lists.push(false, element, bytes);
                }
                case SET -> {
                    sets.open(address, length, entry);
                    sets.add(element, bytes);
                }
                case ZSET -> {
                    sortedSets.open(address, length, entry);
                    sortedSets.add(i % 50, element, bytes);
                }
                default -> {
                    hashes.open(address, length, entry, NOW);
                    hashes.put(element, bytes, element, bytes, expires);
                }
            }
            keys.written();
        }));
    }

    private void remove(String key) {
        with(0, key, (address, length) -> keys.remove(address, length));
        keys.freeNodes(Integer.MAX_VALUE);
    }

    private static String text(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private List<String> content(Kind kind, String key) {
        long entry = find(key);
        List<String> all = new ArrayList<>();
        with(0, key, (address, length) -> {
            switch (kind) {
                case LIST -> {
                    lists.open(address, length, entry);
                    lists.seek(0);
                    for (; lists.element() != 0; lists.next()) {
                        all.add(text(Packed.address(lists.element()), Packed.length(lists.element())));
                    }
                }
                case SET -> {
                    sets.open(address, length, entry);
                    sets.begin();
                    while (sets.next()) {
                        all.add(text(sets.address(), sets.length()));
                    }
                    Collections.sort(all);
                }
                case ZSET -> {
                    sortedSets.open(address, length, entry);
                    sortedSets.seek(0);
                    for (long left = sortedSets.count(); left > 0; left--) {
                        all.add(sortedSets.score() + " " + text(sortedSets.address(), sortedSets.length()));
                        if (left > 1) {
                            sortedSets.next();
                        }
                    }
                }
                default -> {
                    hashes.open(address, length, entry, NOW);
                    hashes.begin();
                    while (hashes.next()) {
                        all.add(text(hashes.fieldAddress(), hashes.fieldLength()) + " " + hashes.expiry());
                    }
                    Collections.sort(all);
                }
            }
        });
        return all;
    }

    /** Reads what was written, in pieces, and gives it to another key. */
    private void read(Pieces pieces, String key) {
        try (ValueReader reader = works.reader(Keyspace.MAX_LENGTH, 0)) {
            ValueReader.State state = ValueReader.State.HUNGRY;
            for (int block = 0; block < pieces.count(); block++) {
                reader.feed(pieces.address(block), pieces.length(block));
                do {
                    state = reader.step();
                } while (state == ValueReader.State.MORE);
            }
            assertThat(state).isEqualTo(ValueReader.State.DONE);
            with(0, key, (address, length) -> reader.place(keys, address, length, 0));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void keysAndNodesAreMovedMeanwhile(Kind kind) {
        // Most of the values go, so that pages are sparse and what is left is moved together.
        for (int i = 0; i < ELEMENTS; i++) {
            for (int goes = 0; goes < 5; goes++) {
                add(kind, "goes " + goes, i, 0);
            }
            add(kind, "stays", i, 0);
        }
        List<String> content = content(kind, "stays");
        assertThat(content).hasSize(ELEMENTS);
        for (int i = 0; i < 5; i++) {
            remove("goes " + i);
        }
        ValueWriter writer = works.writer();
        writer.begin(find("stays"));
        try (Pieces pieces = new Pieces()) {
            long moves = keys.nodeMoves();
            for (int step = 0; writer.step(find("stays"), pieces) == ValueWriter.State.MORE; step++) {
                keys.defragment(500);
                add(Kind.SET, "other " + step % 100, step, 0);
            }
            assertThat(keys.nodeMoves()).as("something was to be moved").isGreaterThan(moves);
            read(pieces, "copy");
        }
        assertThat(content(kind, "copy")).isEqualTo(content);
        assertThat(content(kind, "stays")).isEqualTo(content);
    }

    @Test
    void fieldsThatExpireMeanwhileHaveItBegunAnew() {
        for (int i = 0; i < ELEMENTS; i++) {
            add(Kind.HASH, "stays", i, i % 3 == 0 ? NOW + 10 : 0);
        }
        ValueWriter writer = works.writer();
        writer.begin(find("stays"));
        int anew = 0;
        try (Pieces pieces = new Pieces()) {
            ValueWriter.State state = ValueWriter.State.MORE;
            for (int step = 0; state != ValueWriter.State.DONE; step++) {
                state = writer.step(find("stays"), pieces);
                if (state == ValueWriter.State.CHANGED) {
                    anew++;
                    pieces.clear();
                    writer.begin(find("stays"));
                }
                if (step == 20) {
                    with(0, "stays", (address, length) -> {
                        hashes.open(address, length, find("stays"), NOW + 20);
                        hashes.expireDue(Integer.MAX_VALUE);
                    });
                }
            }
            read(pieces, "copy");
        }
        assertThat(anew).isEqualTo(1);
        assertThat(content(Kind.HASH, "copy")).hasSize(ELEMENTS / 3 * 2).isEqualTo(content(Kind.HASH, "stays"));
    }
}
