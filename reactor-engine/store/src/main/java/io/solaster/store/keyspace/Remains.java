package io.solaster.store.keyspace;

import java.util.ArrayDeque;
import java.util.function.LongConsumer;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * Tables of databases that were emptied while others were not: their entries are no key's any more, and are yet to be freed, a
 * segment after the other. On the owning shard.
 */
final class Remains {
    private final Slabs segments;
    private final LongConsumer discard;
    private final ArrayDeque<Directory> tables = new ArrayDeque<>();
    /** In the first table: the hash whose segment is next. */
    private long next;
    /** Entries of a segment, which is gone. */
    private final long[] entries = new long[Segment.SLOTS];
    private int count;

    /** @param discard frees an entry and its value */
    Remains(Slabs segments, LongConsumer discard) {
        this.segments = segments;
        this.discard = discard;
    }

    boolean isEmpty() {
        return count == 0 && tables.isEmpty();
    }

    /** Takes a table, to which nothing leads any more. */
    void add(Directory table) {
        tables.add(table);
    }

    /** Bytes of the tables, those of segments aside. */
    long used() {
        long used = 0;
        for (Directory each : tables) {
            used += each.used();
        }
        return used;
    }

    /** Frees about so many entries; how many. */
    int free(int maxSteps) {
        int steps = 0;
        while (steps < maxSteps && !isEmpty()) {
            steps++;
            if (count > 0) {
                discard.accept(entries[--count]);
            } else {
                takeSegment(tables.getFirst());
            }
        }
        return steps;
    }

    private void takeSegment(Directory table) {
        long word = table.word(next);
        long segment = Directory.segmentOf(word);
        take(segment);
        segments.free(segment);
        next = Directory.after(next, Directory.bits(word));
        if (next == 0) {
            tables.removeFirst().close();
        }
    }

    private void take(long segment) {
        for (int bucket = 0; bucket < Segment.BUCKETS; bucket++) {
            long line = Segment.bucket(segment, bucket);
            for (long at = line; at < line + Segment.LINE && Memory.getLong(at) != 0; at += 8) {
                entries[count++] = Segment.entry(Memory.getLong(at));
            }
        }
    }

    /** To be told that the slabs were dropped. */
    void clear() {
        tables.forEach(Directory::close);
        tables.clear();
        count = 0;
        next = 0;
    }
}
