package io.solaster.store.persist;

import java.util.HashMap;
import java.util.Map;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;

/**
 * Writes a stream in pieces, for {@link ChangeWriter}: its entries, then what it says of itself, then each group with its consumers
 * and what is pending. On the owning shard.
 */
final class StreamPieces implements AutoCloseable {
    private static final int MOST_AT_ONCE = 256;
    private static final int FIELDS = 4096;

    /** How far a stream was written whose end has not come yet: few are at a time. */
    private static final class Place {
        long ms;
        long seq;
        /** Of the group; -1 for entries. */
        int group = -1;
        boolean inGroup;
    }

    private final ChangeWriter writer;
    private final Streams streams;
    private final Map<Long, Place> places = new HashMap<>();
    private long next = 1;
    private long scratch = Memory.allocate(64);
    private long fields = Memory.allocate(FIELDS);
    private int room = FIELDS;

    StreamPieces(Keyspace keys, ChangeWriter writer) {
        this.writer = writer;
        this.streams = new Streams(keys);
    }

    /** As {@link ChangeWriter#piece}. */
    long piece(long entry, long key, int keyLength, long cursor) {
        streams.open(key, keyLength, entry);
        Place place = cursor == 0 ? new Place() : places.get(cursor);
        if (place == null) {
            throw new IllegalStateException("no stream was left at " + cursor);
        }
        boolean more = place.group < 0 ? entries(place, key, keyLength) : group(place, key, keyLength);
        if (!more) {
            places.remove(cursor);
            return 0;
        }
        long number = cursor == 0 ? next++ : cursor;
        places.put(number, place);
        return number;
    }

    private boolean entries(Place place, long key, int keyLength) {
        boolean there = streams.seekFrom(place.ms, place.seq);
        for (int i = 0; i < MOST_AT_ONCE && there; i++) {
            int length = streams.copyFields(fields, room);
            if (length > room) {
                Memory.free(fields);
                room = 0;
                fields = 0;
                fields = Memory.allocate(length);
                room = length;
                streams.copyFields(fields, room);
            }
            id(scratch, streams.ms(), streams.seq());
            writer.write(Step.STREAM_ADD, key, keyLength, 0, scratch, 16, fields, length);
            there = streams.next();
        }
        if (there) {
            place.ms = streams.ms();
            place.seq = streams.seq();
            return true;
        }
        id(scratch, streams.lastMs(), streams.lastSeq());
        id(scratch + 16, streams.deletedMs(), streams.deletedSeq());
        Memory.putLong(scratch + 32, Memory.littleEndian(streams.added()));
        writer.write(Step.STREAM_STATE, key, keyLength, 0, scratch, 40, 0, 0);
        place.group = 0;
        return streams.groups().count() > 0;
    }

    private static void id(long to, long ms, long seq) {
        Memory.putLong(to, Memory.littleEndian(ms));
        Memory.putLong(to + 8, Memory.littleEndian(seq));
    }

    private boolean group(Place place, long key, int keyLength) {
        Groups groups = streams.groups();
        long group = groups.get(place.group);
        long name = Groups.name(group);
        int length = Groups.nameLength(group);
        if (!place.inGroup) {
            id(scratch, Groups.lastMs(group), Groups.lastSeq(group));
            writer.write(Step.GROUP_CREATE, key, keyLength, Groups.read(group), scratch, 16, name, length);
            for (int i = 0; i < Groups.consumers(group); i++) {
                long consumer = Groups.consumer(group, i);
                Memory.putLong(scratch, Memory.littleEndian(Groups.active(consumer)));
                named(Step.CONSUMER_ADD, key, keyLength, Groups.seen(consumer), group, 8, consumer);
            }
            place.inGroup = true;
            place.ms = 0;
            place.seq = 0;
        }
        boolean there = groups.seekPending(group, place.ms, place.seq);
        for (int i = 0; i < MOST_AT_ONCE && there; i++) {
            id(scratch, groups.pendingMs(), groups.pendingSeq());
            Memory.putLong(scratch + 16, Memory.littleEndian(groups.times()));
            named(Step.PENDING_SET, key, keyLength, groups.time(), group, 24, groups.owner());
            there = groups.nextPending();
        }
        if (there) {
            place.ms = groups.pendingMs();
            place.seq = groups.pendingSeq();
            return true;
        }
        place.inGroup = false;
        return ++place.group < groups.count();
    }

    /** Writes a step whose second bytes are what the scratch has, and a consumer's name. */
    private void named(Step step, long key, int keyLength, long number, long group, int before, long consumer) {
        int length = Groups.consumerNameLength(consumer);
        long copy = Memory.allocate(before + (long) length);
        try {
            Memory.copy(scratch, copy, before);
            Memory.copy(Groups.consumerName(consumer), copy + before, length);
            writer.write(step, key, keyLength, number, Groups.name(group), Groups.nameLength(group), copy,
                    before + length);
        } finally {
            Memory.free(copy);
        }
    }

    @Override
    public void close() {
        streams.close();
        Memory.free(scratch);
        Memory.free(fields);
        scratch = 0;
        fields = 0;
    }
}
