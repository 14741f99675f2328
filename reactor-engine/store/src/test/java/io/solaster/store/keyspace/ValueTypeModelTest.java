package io.solaster.store.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.testkit.gen.Commands;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values with nodes beside strings, under commands of all kinds, each compared with a map. */
final class ValueTypeModelTest {
    private static final int KEYS = 60;
    /** More numbers than so many lie in nodes. */
    private static final int MOST_PACKED = 3;

    /** Numbers, the last one pushed first, or the bytes of a string. */
    private record Value(long @Nullable [] numbers, byte @Nullable [] bytes, long expiry) {}

    private final CountedMemory memory = new CountedMemory();
    private final Map<String, Value> model = new HashMap<>();
    private final Bytes key = new Bytes(5000);
    private final Bytes value = new Bytes(1000);
    private OffHeapKeyspace keyspace = newKeyspace();
    private boolean refuses;
    private long now;

    private OffHeapKeyspace newKeyspace() {
        return new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong),
                List.of(new ChainType()));
    }

    @AfterEach
    void close() {
        keyspace.close();
        key.close();
        value.close();
        assertThat(memory.outstanding()).isZero();
        assertThat(memory.told()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"1, 60000, false", "2, 60000, false", "3, 20000, true", "4, 20000, true"})
    void behavesAsAMapOfListsAndStrings(long seed, int steps, boolean isRefused) {
        Property.check(seed, 1, draw -> {
            memory.allow(Long.MAX_VALUE);
            keyspace.close();
            keyspace = newKeyspace();
            Mirror mirror = new Mirror(keyspace);
            keyspace.listen(mirror);
            model.clear();
            now = 1_000_000;
            refuses = isRefused;
            for (int phase = 0; phase < 6; phase++) {
                commands(phase % 2 == 0).run(draw, steps / 6, model, keyspace);
                memory.allow(Long.MAX_VALUE);
                mirror.check();
                check();
            }
            model.keySet().forEach(this::removeNow);
            model.clear();
            settle();
            assertThat(keyspace.liveBytes()).isZero();
            assertThat(keyspace.nodes().live()).isZero();
        });
    }

    private void removeNow(String k) {
        put(k);
        assertThat(keyspace.remove(key.address, key.length)).isTrue();
    }

    private void settle() {
        while (keyspace.freeNodes(1000) >= 1000) {
            // Until none is left.
        }
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
                .add(20_000, "find", ofKey(this::find))
                .add(growing ? 60_000 : 30_000, "push", ofKey((draw, k, before) -> push(draw, k, before, 1)))
                .add(growing ? 3_000 : 300, "push many", ofKey((draw, k, before) -> push(draw, k, before, 300)))
                .add(3_000, "set", ofKey(this::set))
                .add(growing ? 1_000 : 20_000, "remove", ofKey(this::remove))
                .add(5_000, "expire", ofKey(this::expire))
                .add(100, "expire what is due", ofKey((_, _, _) -> expireDue()))
                .add(5_000, "defragment", ofKey((draw, _, _) -> {
                    keyspace.defragment(draw.nextInt(2000));
                    keyspace.release(draw.nextInt(1 << 19));
                }))
                .add(1_000, "free", ofKey((draw, _, _) -> keyspace.freeNodes(draw.nextInt(500))))
                .add(3, "clear", (_, _, _) -> {
                    keyspace.clear();
                    model.clear();
                });
    }

    /** What memory refuses leaves the key as it was. */
    private Commands.Command<Map<String, Value>, OffHeapKeyspace> ofKey(OfKey command) {
        return (draw, _, _) -> {
            int number = draw.nextInt(KEYS);
            String k = number % 20 == 0 ? "k".repeat(2_500) + number : "key" + number;
            put(k);
            Value before = model.get(k);
            memory.allow(refuses ? draw.nextInt(3) : Long.MAX_VALUE);
            try {
                command.run(draw, k, before);
            } catch (OutOfMemoryError e) {
                put(k);
                same(keyspace.find(key.address, key.length, 0), before);
            }
            if (keyspace.size() != model.size()) {
                assertThat(keyspace.size()).isEqualTo(model.size());
            }
        };
    }

    private void find(Draw draw, String k, @Nullable Value before) {
        now += draw.nextInt(5);
        long entry = keyspace.find(key.address, key.length, now);
        if (before != null && due(before)) {
            model.remove(k);
            assertThat(entry).isZero();
        } else {
            same(entry, before);
        }
    }

    private void push(Draw draw, String k, @Nullable Value before, int count) {
        if (before != null && before.numbers == null) {
            return;
        }
        long[] old = before == null || before.numbers == null ? new long[0] : before.numbers;
        long expiry = before == null ? 0 : before.expiry;
        long[] after = new long[old.length + count];
        System.arraycopy(old, 0, after, count, old.length);
        for (int i = 0; i < count; i++) {
            after[i] = draw.nextInt(1_000_000);
        }
        if (after.length <= MOST_PACKED) {
            long entry = keyspace.create(key.address, key.length, Keyspace.TYPE_LIST, 1 + 8 * after.length, expiry);
            long to = keyspace.valueAddress(entry);
            Memory.putByte(to, ValueType.PACKED);
            for (int i = 0; i < after.length; i++) {
                Memory.putLong(to + 1 + 8L * i, after[i]);
            }
            keyspace.written();
        } else {
            boolean packed = old.length <= MOST_PACKED;
            long[] added = packed ? after : Arrays.copyOf(after, count);
            long[] nodes = allocate(draw, added.length);
            try {
                if (packed) {
                    long entry = before == null
                            ? keyspace.create(key.address, key.length, Keyspace.TYPE_LIST, ChainType.ROOT, expiry)
                            : keyspace.resizeValue(key.address, key.length, ChainType.ROOT);
                    ChainType.init(keyspace.valueAddress(entry));
                }
            } catch (OutOfMemoryError e) {
                for (long node : nodes) {
                    keyspace.nodes().free(node);
                }
                throw e;
            }
            long root = keyspace.valueAddress(keyspace.beginWrite(key.address, key.length, 0));
            for (int i = added.length; i-- > 0;) {
                ChainType.push(root, nodes[i], added[i]);
            }
            keyspace.written();
        }
        model.put(k, new Value(after, null, expiry));
    }

    private long[] allocate(Draw draw, int count) {
        Slabs slabs = keyspace.nodes();
        long[] nodes = new long[count];
        int bytes = ChainType.LEAST_NODE + 8 * draw.nextInt(20);
        for (int i = 0; i < count; i++) {
            try {
                nodes[i] = slabs.allocate(bytes);
            } catch (OutOfMemoryError e) {
                for (int back = 0; back < i; back++) {
                    slabs.free(nodes[back]);
                }
                throw e;
            }
        }
        return nodes;
    }

    private void set(Draw draw, String k, @Nullable Value before) {
        byte[] bytes = new byte[draw.nextInt(200)];
        draw.nextBytes(bytes);
        long expiry = draw.oneIn(3) ? now + draw.nextInt(50_000) : 0;
        value.put(bytes);
        keyspace.set(key.address, key.length, value.address, value.length, expiry);
        model.put(k, new Value(null, bytes, expiry));
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
            Value after = new Value(before.numbers, before.bytes, expiry);
            model.put(k, after);
            same(entry, after);
        }
    }

    private void expireDue() {
        now += 1000;
        for (int round = 0; round < 5; round++) {
            // Slots that move while others are removed may escape one round.
            keyspace.expireDue(now, Integer.MAX_VALUE);
        }
        model.values().removeIf(this::due);
    }

    private boolean due(Value v) {
        return v.expiry != 0 && v.expiry < now;
    }

    private void same(long entry, @Nullable Value v) {
        if (v == null || entry == 0) {
            assertThat(entry == 0).isEqualTo(v == null);
            return;
        }
        assertThat(keyspace.expiry(entry)).isEqualTo(v.expiry);
        long at = keyspace.valueAddress(entry);
        if (v.bytes != null) {
            assertThat(keyspace.type(entry)).isEqualTo(Keyspace.TYPE_STRING);
            assertThat(Bytes.read(at, keyspace.valueLength(entry))).isEqualTo(v.bytes);
            assertThat(keyspace.nodeBytes(entry)).isZero();
        } else if (v.numbers != null) {
            assertThat(keyspace.type(entry)).isEqualTo(Keyspace.TYPE_LIST);
            long[] found;
            if (v.numbers.length <= MOST_PACKED) {
                found = new long[(keyspace.valueLength(entry) - 1) / 8];
                for (int i = 0; i < found.length; i++) {
                    found[i] = Memory.getLong(at + 1 + 8L * i);
                }
            } else {
                found = ChainType.numbers(at);
            }
            if (!Arrays.equals(found, v.numbers)) {
                assertThat(found).isEqualTo(v.numbers);
            }
        }
    }

    private void check() {
        long nodeBytes = 0;
        for (Map.Entry<String, Value> e : model.entrySet()) {
            put(e.getKey());
            long entry = keyspace.find(key.address, key.length, 0);
            same(entry, e.getValue());
            nodeBytes += keyspace.nodeBytes(entry);
        }
        assertThat(keyspace.nodes().live()).isGreaterThanOrEqualTo(nodeBytes);
        settle();
        assertThat(keyspace.nodes().live()).isEqualTo(nodeBytes);
        assertThat(keyspace.usedMemory()).isGreaterThanOrEqualTo(keyspace.liveBytes());
    }

    /** A list of nodes of 32 bytes. */
    private void list(String k, int count) {
        put(k);
        ChainType.init(keyspace.valueAddress(
                keyspace.create(key.address, key.length, Keyspace.TYPE_LIST, ChainType.ROOT, 0)));
        for (int i = 0; i < count; i++) {
            long node = keyspace.nodes().allocate(32);
            ChainType.push(keyspace.valueAddress(keyspace.find(key.address, key.length, 0)), node, i);
        }
    }

    @Test
    void removesALargeValueInSteps() {
        list("large", 10_000);
        long bytes = keyspace.nodes().live();
        removeNow("large");
        assertThat(keyspace.size()).isZero();
        assertThat(keyspace.nodes().live()).isGreaterThan(bytes - 100 * 32);
        int calls = 0;
        while (keyspace.freeNodes(500) >= 500) {
            calls++;
        }
        assertThat(calls).isBetween(15, 21);
        assertThat(keyspace.liveBytes()).isZero();
        assertThat(keyspace.freeNodes(500)).isZero();
    }

    @Test
    void freesASmallValueAtOnce() {
        list("small", 20);
        removeNow("small");
        assertThat(keyspace.liveBytes()).isZero();
        assertThat(keyspace.freeNodes(500)).isZero();
    }

    @Test
    void dropsAllNodesAtOnce() {
        list("one", 10_000);
        list("two", 10_000);
        removeNow("two");
        keyspace.clear();
        assertThat(keyspace.liveBytes()).isZero();
        assertThat(keyspace.freeNodes(500)).isZero();
        list("one", 100);
        assertThat(keyspace.nodes().live()).isEqualTo(3200);
    }

    @Test
    void emptiesSparsePagesOfNodes() {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            list("list" + i, 100);
            if (i % 10 == 0) {
                kept.add("list" + i);
            }
        }
        for (int i = 0; i < 3_000; i++) {
            if (i % 10 != 0) {
                removeNow("list" + i);
            }
        }
        settle();
        long before = keyspace.nodes().used();
        for (int calls = 0; calls < 100_000 && keyspace.nodes().used() > before / 3; calls++) {
            keyspace.defragment(200);
        }
        assertThat(keyspace.nodes().used()).isLessThanOrEqualTo(before / 3);
        for (String k : kept) {
            put(k);
            long[] numbers = ChainType.numbers(keyspace.valueAddress(keyspace.find(key.address, key.length, 0)));
            assertThat(numbers).hasSize(100).startsWith(99, 98).endsWith(1, 0);
        }
    }

    /** As a key that is renamed gives its nodes away: the mover must not go on in what takes the place of its entry. */
    @Test
    void aValueThatHasGivenItsNodesAwayIsForgottenByTheMover() {
        long[] moving = new long[2]; // the root of the value whose nodes are being moved, and how far that is
        keyspace.close();
        keyspace = new OffHeapKeyspace(memory, new FoldedHash(new SplittableRandom(1)::nextLong),
                List.of(new Chains((root, cursor, next) -> {
                    assertThat(cursor == 0 || root == moving[0] && cursor == moving[1])
                            .as("goes on in the value where it has begun").isTrue();
                    moving[0] = root;
                    moving[1] = next;
                })));
        for (int i = 0; i < 1_000; i++) {
            list("list" + (1000 + i), 100);
        }
        for (int i = 0; i < 1_000; i++) {
            if (i % 10 != 0) {
                removeNow("list" + (1000 + i));
            }
        }
        settle();
        while (moving[1] == 0) {
            assertThat(keyspace.defragment(1)).as("it comes to a value").isPositive();
        }
        long root = moving[0];
        String name = null;
        for (int i = 0; i < 1_000; i += 10) {
            put("list" + (1000 + i));
            if (keyspace.valueAddress(keyspace.peek(key.address, key.length, 0)) == root) {
                name = "list" + (1000 + i);
            }
        }
        assertThat(name).isNotNull();
        put("name0000");
        long to = keyspace.create(key.address, key.length, Keyspace.TYPE_LIST, ChainType.ROOT, 0);
        Memory.copy(root, keyspace.valueAddress(to), ChainType.ROOT);
        Memory.putByte(root, ValueType.PACKED);
        removeNow(name);
        moving[0] = 0;
        list("next0000", 100);
        put("next0000");
        assertThat(keyspace.valueAddress(keyspace.peek(key.address, key.length, 0))).as("takes its place")
                .isEqualTo(root);
        while (keyspace.defragment(200) > 0) {
            // Until the round is over.
        }
        put("name0000");
        assertThat(ChainType.numbers(keyspace.valueAddress(keyspace.peek(key.address, key.length, 0)))).hasSize(100);
    }

    /** Is told of what a mover has done. */
    private interface Moved {
        void told(long root, long cursor, long next);
    }

    /** Chains that tell where their nodes are moved. */
    private record Chains(ChainType chains, Moved moved) implements ValueType {
        Chains(Moved moved) {
            this(new ChainType(), moved);
        }

        @Override
        public int number() {
            return chains.number();
        }

        @Override
        public boolean free(Slabs nodes, long root, int steps) {
            return chains.free(nodes, root, steps);
        }

        @Override
        public long nodeBytes(Slabs nodes, long root) {
            return chains.nodeBytes(nodes, root);
        }

        @Override
        public long defragment(Slabs nodes, long root, long cursor, int steps) {
            long next = chains.defragment(nodes, root, cursor, steps);
            moved.told(root, cursor, next);
            return next;
        }
    }

    @Test
    void refusesATypeThatItWasNotGiven() {
        put("key");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> keyspace.create(key.address, key.length, Keyspace.TYPE_HASH, 8, 0))
                .withMessageContaining("no type of number 4");
        assertThat(keyspace.size()).isZero();
        List<ValueType> twice = List.of(new ChainType(), new ChainType());
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> new ValueTypes(twice));
    }
}
