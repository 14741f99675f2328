package io.solaster.store.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.memory.CountedMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Streams of a keyspace beside a map of Java's. */
final class StreamsTest {
    private record Id(long ms, long seq) implements Comparable<Id> {
        @Override
        public int compareTo(Id other) {
            return Streams.compare(ms, seq, other.ms, other.seq);
        }
    }

    private record Pending(String consumer, long time, long times) {}

    private final CountedMemory memory = new CountedMemory();
    private final Keyspace keys = Keyspace.create(memory, new SplittableRandom(1), List.of(new StreamType()));
    private final Streams streams = new Streams(keys);
    private final long text = Memory.allocate(100_000);

    @AfterEach
    void close() {
        keys.close();
        streams.close();
        Memory.free(text);
        assertThat(memory.outstanding()).isZero();
    }

    private int put(long at, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(bytes, 0, at, bytes.length);
        return bytes.length;
    }

    private static String read(long at, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(at, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private void open() {
        int length = put(text, "key");
        streams.open(text, length, keys.find(text, length, 0));
    }

    private void append(Id id, List<String> fields) {
        open();
        long begin = text + 100;
        long at = Streams.putNumber(begin, fields.size() / 2);
        for (String each : fields) {
            at = Streams.putNumber(at, each.length());
            at += put(at, each);
        }
        streams.append(id.ms, id.seq, begin, (int) (at - begin));
    }

    private List<String> fields() {
        List<String> found = new ArrayList<>();
        for (int left = streams.fields(); left > 0; left--) {
            streams.nextField();
            found.add(read(streams.nameAddress(), streams.nameLength()));
            found.add(read(streams.valueAddress(), streams.valueLength()));
        }
        return found;
    }

    private void check(TreeMap<Id, List<String>> model) {
        open();
        assertThat(streams.length()).isEqualTo(model.size());
        Map<Id, List<String>> forwards = new TreeMap<>();
        for (boolean more = streams.seekFrom(0, 0); more; more = streams.next()) {
            forwards.put(new Id(streams.ms(), streams.seq()), fields());
        }
        assertThat(forwards).isEqualTo(model);
        List<Id> backwards = new ArrayList<>();
        for (boolean more = streams.seekTo(-1, -1); more; more = streams.previous()) {
            backwards.add(new Id(streams.ms(), streams.seq()));
        }
        assertThat(backwards).isEqualTo(List.copyOf(model.descendingKeySet()));
    }

    private void freeAll() {
        while (keys.freeNodes(10) > 0) {
            // Until nothing is left.
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 20, 2000", "2, 1, 400, 1500", "3, 8, 3000, 600", "4, 2, 1, 3000"})
    void behaveAsAMap(long seed, int names, int longest, int steps) {
        Property.check(seed, 3, Duration.ZERO, draw -> {
            TreeMap<Id, List<String>> model = new TreeMap<>();
            keys.clear();
            long[] last = {1, 0};
            draw.repeat(steps, i -> {
                step(draw, model, last, names, longest, i > steps / 2);
                open();
                assertThat(streams.length()).isEqualTo(model.size());
                if (i % 50 == 0) {
                    keys.defragment(100);
                    Id probe = new Id(draw.nextInt((int) last[0] + 2), draw.nextInt(4));
                    Id from = model.ceilingKey(probe);
                    Id to = model.floorKey(probe);
                    assertThat(streams.seekFrom(probe.ms, probe.seq) ? new Id(streams.ms(), streams.seq()) : null)
                            .isEqualTo(from);
                    assertThat(streams.seekTo(probe.ms, probe.seq) ? new Id(streams.ms(), streams.seq()) : null)
                            .isEqualTo(to);
                }
            });
            check(model);
            int length = put(text, "key");
            long entry = keys.find(text, length, 0);
            assertThat(keys.nodeBytes(entry)).isEqualTo(keys.nodes().live());
            keys.remove(text, length);
            freeAll();
            assertThat(keys.nodes().live()).isZero();
        });
    }

    private void step(Draw draw, TreeMap<Id, List<String>> model, long[] last, int names, int longest,
            boolean shrinks) {
        int what = draw.nextInt(20);
        if (model.isEmpty() || what < (shrinks ? 8 : 16)) {
            if (draw.oneIn(2)) {
                last[0] += draw.nextInt(5);
            }
            last[1] += 1 + draw.nextInt(3);
            List<String> fields = new ArrayList<>();
            for (int i = draw.oneIn(5) ? 1 + draw.nextInt(names) : names; i > 0; i--) {
                fields.add("field" + i);
                fields.add("v".repeat(draw.nextInt(longest)));
            }
            Id id = new Id(last[0], last[1]);
            append(id, fields);
            model.put(id, fields);
        } else if (what < 19) {
            Id id = model.ceilingKey(new Id(draw.nextInt((int) last[0] + 1), 0));
            id = id == null ? model.lastKey() : id;
            open();
            assertThat(streams.delete(id.ms, id.seq)).isTrue();
            assertThat(streams.delete(id.ms, id.seq)).isFalse();
            model.remove(id);
        } else {
            open();
            long count;
            if (draw.oneIn(2)) {
                count = streams.above(Math.max(0, model.size() - draw.nextInt(40)), draw.oneIn(2), 0);
            } else {
                Id id = new Id(model.firstKey().ms + draw.nextInt(20), 3);
                boolean whole = draw.oneIn(2);
                count = streams.below(id.ms, id.seq, whole, 0);
                assertThat(count).isLessThanOrEqualTo(model.headMap(id).size());
                if (!whole) {
                    assertThat(count).isEqualTo(model.headMap(id).size());
                }
            }
            streams.dropFirst(count);
            for (long i = 0; i < count; i++) {
                model.pollFirstEntry();
            }
        }
    }

    @Test
    void ofOneEntryTakeLessThanAKibibyte() {
        append(new Id(1_700_000_000_000L, 0), List.of("temperature", "20.5"));
        int length = put(text, "key");
        long entry = keys.find(text, length, 0);
        assertThat(keys.nodeBytes(entry) + keys.keyLength(entry) + keys.valueLength(entry)).isLessThan(700);
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 300", "2, 40, 2000"})
    void keepWhatIsPending(long seed, int consumers, int entries) {
        Property.check(seed, 3, Duration.ZERO, draw -> {
            keys.clear();
            TreeMap<Id, Pending> model = new TreeMap<>();
            open();
            Groups groups = streams.groups();
            groups.set(Step.GROUP_CREATE, text + 500, put(text + 500, "b"), 0, 0, 0);
            groups.set(Step.GROUP_CREATE, text + 500, put(text + 500, "a"), 0, 0, 0);
            groups.set(Step.GROUP_CREATE, text + 500, put(text + 500, "c"), 0, 0, 0);
            assertThat(read(Groups.name(groups.get(0)), 1)).isEqualTo("a");
            draw.repeat(3000, i -> {
                open();
                long group = groups.find(text + 500, put(text + 500, "b"));
                Id id = new Id(1 + draw.nextInt(entries), 7);
                int what = draw.nextInt(i < 1500 ? 6 : 12);
                if (what < 5) {
                    String name = "consumer" + draw.nextInt(consumers);
                    int length = put(text + 600, name);
                    long consumer = groups.setConsumer(group, text + 600, length, i, i);
                    groups.setPending(group, consumer, id.ms, id.seq, i, what);
                    model.put(id, new Pending(name, i, what));
                } else if (what < 11) {
                    assertThat(groups.dropPending(group, id.ms, id.seq)).isEqualTo(model.remove(id) != null);
                } else if (draw.oneIn(20)) {
                    String name = "consumer" + draw.nextInt(consumers);
                    groups.dropConsumer(group, text + 600, put(text + 600, name));
                    model.values().removeIf(each -> each.consumer.equals(name));
                }
                if (i % 30 == 0) {
                    keys.defragment(100);
                }
            });
            checkPending(groups, model);
            open();
            groups.drop(text + 500, put(text + 500, "a"));
            assertThat(groups.count()).isEqualTo(2);
            long entry = keys.find(text, put(text, "key"), 0);
            assertThat(keys.nodeBytes(entry)).isEqualTo(keys.nodes().live());
            keys.remove(text, put(text, "key"));
            freeAll();
            assertThat(keys.nodes().live()).isZero();
        });
    }

    private void checkPending(Groups groups, TreeMap<Id, Pending> model) {
        open();
        long group = groups.find(text + 500, put(text + 500, "b"));
        assertThat(Groups.pendingCount(group)).isEqualTo(model.size());
        TreeMap<Id, Pending> found = new TreeMap<>();
        for (boolean more = groups.seekPending(group, 0, 0); more; more = groups.nextPending()) {
            found.put(new Id(groups.pendingMs(), groups.pendingSeq()),
                    new Pending(read(Groups.consumerName(groups.owner()), Groups.consumerNameLength(groups.owner())),
                            groups.time(), groups.times()));
        }
        assertThat(found).isEqualTo(model);
        long owned = 0;
        for (int i = 0; i < Groups.consumers(group); i++) {
            long consumer = Groups.consumer(group, i);
            for (boolean more = groups.seekOwned(group, consumer, 0, 0); more; more = groups.nextOwned(group)) {
                assertThat(groups.owner()).isEqualTo(consumer);
                owned++;
            }
        }
        assertThat(owned).isEqualTo(model.size());
    }
}
