package io.solaster.store.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.StreamType;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.FieldTable;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.Test;

/** A dump of a stream with any byte changed, or cut off, is a stream or is refused; nothing else is read, and nothing is left. */
final class StreamReaderTest {
    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1), List.of(new StreamType()));
    private final FieldTable table = new FieldTable(keys.nodes(), KeyspaceHash.seeded(new SplittableRandom(2)));
    private final long text = Memory.allocate(4096);

    private int put(long at, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(bytes, 0, at, bytes.length);
        return bytes.length;
    }

    private void fill(Streams streams) {
        for (int i = 1; i <= 150; i++) {
            int key = put(text, "key");
            streams.open(text, key, keys.find(text, key, 0));
            long at = Streams.putNumber(text + 100, 1);
            at = Streams.putNumber(at, 1 + i % 5 / 4);
            at += put(at, i % 5 == 4 ? "ab" : "a");
            at = Streams.putNumber(at, i % 20);
            at += put(at, "v".repeat(i % 20));
            streams.append(i, i * 3L, text + 100, (int) (at - text - 100));
        }
        Groups groups = streams.groups();
        long group = groups.set(Step.GROUP_CREATE, text + 100, put(text + 100, "group"), 5, 5, 2);
        for (int i = 0; i < 3; i++) {
            long consumer = groups.setConsumer(group, text + 200, put(text + 200, "consumer" + i), 5, i == 0 ? -1 : 5);
            groups.setPending(group, consumer, i + 7, 7, 1234, i);
        }
    }

    private ValueReader.State read(ValueWorks works, long at, int length) {
        try (ValueReader reader = works.reader(Keyspace.MAX_LENGTH, 0)) {
            reader.feed(at, length);
            ValueReader.State state = ValueReader.State.MORE;
            while (state == ValueReader.State.MORE) {
                state = reader.step();
            }
            if (state == ValueReader.State.DONE) {
                reader.place(keys, text + 300, put(text + 300, "other"), 0);
            }
            return state;
        }
    }

    @Test
    void whateverIsReadIsAStreamOrIsRefused() {
        try (Hashes hashes = new Hashes(keys, table);
                Sets sets = new Sets(keys, table);
                SortedSets sortedSets = new SortedSets(keys, table);
                Streams streams = new Streams(keys);
                ValueWorks works = new ValueWorks(keys, table, hashes, sets, sortedSets, streams);
                Pieces pieces = new Pieces()) {
            fill(streams);
            ValueWriter writer = works.writer();
            long entry = keys.find(text, put(text, "key"), 0);
            writer.begin(entry);
            while (writer.step(entry, pieces) == ValueWriter.State.MORE) {
                // Until it is whole.
            }
            int size = Math.toIntExact(pieces.size());
            byte[] dump = new byte[size];
            int at = 0;
            for (int i = 0; i < pieces.count(); i++) {
                Memory.copy(pieces.address(i), dump, at, pieces.length(i));
                at += pieces.length(i);
            }
            assertThat(at).isEqualTo(size);
            Property.check(1, 300, Duration.ZERO, draw -> {
                int length = draw.oneIn(4) ? draw.nextInt(size) : size;
                // Of just as many bytes, so that one that is read beyond shows.
                long copy = Memory.allocate(Math.max(1, length));
                try {
                    Memory.copy(dump, 0, copy, length);
                    int changes = length == size && draw.oneIn(10) ? 0 : 1 + draw.nextInt(3);
                    change(draw, copy, length, changes);
                    ValueReader.State state = read(works, copy, length);
                    assertThat(state).isNotEqualTo(ValueReader.State.MORE);
                    if (changes == 0) {
                        assertThat(state).isEqualTo(ValueReader.State.DONE);
                    }
                } finally {
                    Memory.free(copy);
                }
            });
        } finally {
            keys.close();
            Memory.free(text);
        }
        assertThat(memory.outstanding()).isZero();
    }

    private static void change(Draw draw, long at, int length, int changes) {
        for (int i = 0; i < changes && length > 1; i++) {
            // The first byte is the type.
            Memory.putByte(at + 1 + draw.nextInt(length - 1), (byte) draw.nextInt(256));
        }
    }
}
