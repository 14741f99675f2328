package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;

/**
 * Writes a stream as Redis 7 dumps it, for {@link ValueWriter}: a listpack for each block of entries, what it says of itself, and
 * its groups. On the owning shard.
 */
final class StreamWriter {
    private static final int SAME = 2;
    private static final int ROWS = 64;
    /** Of a number, or of the head and the tail of bytes, in a listpack. */
    private static final int MOST = 12;
    private static final int COUNT = 9;

    private enum Part {
        BEGIN, BLOCKS, STATE, GROUP, PENDING, CONSUMER, OWNED, DONE
    }

    private final Streams streams;
    private final int type;
    private Part part = Part.BEGIN;
    private long ms;
    private long seq;
    private int group;
    private int consumer;

    /** @param type as of {@link DumpTypes} */
    StreamWriter(Streams streams, int type) {
        this.streams = streams;
        this.type = type;
    }

    /** As Redis 7.0 dumps it, unless a consumer has asked for something and got nothing: as 7.2 then. */
    static int typeOf(Streams streams) {
        Groups groups = streams.groups();
        for (int i = 0; i < groups.count(); i++) {
            for (int k = 0; k < Groups.consumers(groups.get(i)); k++) {
                long each = Groups.consumer(groups.get(i), k);
                if (Groups.active(each) != Groups.seen(each)) {
                    return DumpTypes.STREAM_3;
                }
            }
        }
        return DumpTypes.STREAM_2;
    }

    /** Writes a little of the stream, which is open; whether it is whole. */
    boolean step(Pieces to) {
        switch (part) {
            case BEGIN -> {
                long at = to.reserve(1 + COUNT);
                Memory.putByte(at, (byte) type);
                to.wrote((int) (DumpWriter.count(at + 1, streams.blockCount()) - at));
                part = streams.blockCount() == 0 ? Part.STATE : Part.BLOCKS;
            }
            case BLOCKS -> block(to);
            case STATE -> state(to);
            case GROUP -> group(to);
            case PENDING -> pending(to);
            case CONSUMER -> consumer(to);
            case OWNED -> owned(to);
            default -> throw new IllegalStateException("the stream is whole");
        }
        return part == Part.DONE;
    }

    // ---- entries

    private void block(Pieces to) {
        streams.seekFrom(ms, seq);
        long masterMs = streams.ms();
        long masterSeq = streams.seq();
        int names = streams.fields();
        byte[][] master = new byte[names][];
        long most = Listpack.EMPTY + (4L + names) * MOST;
        for (int i = 0; i < names; i++) {
            streams.nextField();
            master[i] = new byte[streams.nameLength()];
            Memory.copy(streams.nameAddress(), master[i], 0, master[i].length);
            most += master[i].length;
        }
        long count = 0;
        boolean more = true;
        do {
            most += 5 * MOST;
            for (int left = streams.fields(); left > 0; left--) {
                streams.nextField();
                most += 2L * MOST + streams.nameLength() + streams.valueLength();
            }
            count++;
            more = streams.next();
        } while (more && !streams.isFirstOfBlock());
        long nextMs = more ? streams.ms() : 0;
        long nextSeq = more ? streams.seq() : 0;
        if (most > Integer.MAX_VALUE - 64) {
            throw new OutOfMemoryError("a block of " + most + " bytes is not written in one piece");
        }
        long at = to.reserve((int) most + 32);
        Memory.putByte(at, (byte) 16);
        id(at + 1, masterMs, masterSeq);
        at += 17;
        long begin = at + DumpWriter.LENGTH;
        long element = begin + Listpack.HEADER;
        element = Listpack.putNumber(element, count);
        element = Listpack.putNumber(element, 0);
        element = Listpack.putNumber(element, names);
        int elements = 4 + names;
        for (byte[] each : master) {
            element = bytes(element, each);
        }
        element = Listpack.putNumber(element, 0);
        streams.seekFrom(ms, seq);
        for (long i = 0; i < count; i++) {
            boolean same = isSame(master);
            int fields = streams.fields();
            int its = same ? 3 + fields : 4 + 2 * fields;
            element = Listpack.putNumber(element, same ? SAME : 0);
            element = Listpack.putNumber(element, streams.ms() - masterMs);
            element = Listpack.putNumber(element, streams.seq() - masterSeq);
            if (!same) {
                element = Listpack.putNumber(element, fields);
            }
            for (int k = 0; k < fields; k++) {
                streams.nextField();
                if (!same) {
                    element = Listpack.putBytes(element, streams.nameAddress(), streams.nameLength());
                }
                element = Listpack.putBytes(element, streams.valueAddress(), streams.valueLength());
            }
            element = Listpack.putNumber(element, its);
            elements += its + 1;
            streams.next();
        }
        int length = (int) (Listpack.putEnd(element) - begin);
        Listpack.putHeader(begin, length, elements);
        long behind = DumpWriter.count(at, length);
        Memory.copy(begin, behind, length);
        to.wrote((int) (behind + length - (at - 17)));
        ms = nextMs;
        seq = nextSeq;
        if (!more) {
            part = Part.STATE;
        }
    }

    private static long bytes(long at, byte[] bytes) {
        long copy = Memory.allocate(Math.max(1, bytes.length));
        try {
            Memory.copy(bytes, 0, copy, bytes.length);
            return Listpack.putBytes(at, copy, bytes.length);
        } finally {
            Memory.free(copy);
        }
    }

    private boolean isSame(byte[][] master) {
        if (streams.fields() != master.length) {
            return false;
        }
        for (byte[] each : master) {
            streams.nextField();
            if (streams.nameLength() != each.length) {
                return false;
            }
            for (int i = 0; i < each.length; i++) {
                if (Memory.getByte(streams.nameAddress() + i) != each[i]) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The highest byte first. */
    static void id(long at, long ms, long seq) {
        Memory.putLong(at, Long.reverseBytes(Memory.littleEndian(ms)));
        Memory.putLong(at + 8, Long.reverseBytes(Memory.littleEndian(seq)));
    }

    // ---- the rest

    private void state(Pieces to) {
        boolean any = streams.seekFrom(0, 0);
        long begin = to.reserve(9 * COUNT);
        long at = DumpWriter.unsigned(begin, streams.length());
        at = DumpWriter.unsigned(at, streams.lastMs());
        at = DumpWriter.unsigned(at, streams.lastSeq());
        at = DumpWriter.unsigned(at, any ? streams.ms() : 0);
        at = DumpWriter.unsigned(at, any ? streams.seq() : 0);
        at = DumpWriter.unsigned(at, streams.deletedMs());
        at = DumpWriter.unsigned(at, streams.deletedSeq());
        at = DumpWriter.unsigned(at, streams.added());
        at = DumpWriter.unsigned(at, streams.groups().count());
        to.wrote((int) (at - begin));
        part = streams.groups().count() == 0 ? Part.DONE : Part.GROUP;
    }

    private long group() {
        return streams.groups().get(group);
    }

    private void group(Pieces to) {
        long its = group();
        int length = Groups.nameLength(its);
        long begin = to.reserve(DumpWriter.LENGTH + length + 4 * COUNT);
        long at = DumpWriter.bytes(begin, Groups.name(its), length);
        at = DumpWriter.unsigned(at, Groups.lastMs(its));
        at = DumpWriter.unsigned(at, Groups.lastSeq(its));
        at = DumpWriter.unsigned(at, Groups.read(its));
        at = DumpWriter.unsigned(at, Groups.pendingCount(its));
        to.wrote((int) (at - begin));
        ms = 0;
        seq = 0;
        part = Part.PENDING;
    }

    private void pending(Pieces to) {
        Groups groups = streams.groups();
        boolean more = groups.seekPending(group(), ms, seq);
        for (int i = 0; i < ROWS && more; i++) {
            long at = to.reserve(16 + 8 + COUNT);
            id(at, groups.pendingMs(), groups.pendingSeq());
            Memory.putLong(at + 16, Memory.littleEndian(groups.time()));
            to.wrote((int) (DumpWriter.unsigned(at + 24, groups.times()) - at));
            more = groups.nextPending();
        }
        if (more) {
            ms = groups.pendingMs();
            seq = groups.pendingSeq();
            return;
        }
        long at = to.reserve(COUNT);
        to.wrote((int) (DumpWriter.unsigned(at, Groups.consumers(group())) - at));
        consumer = 0;
        next();
    }

    private void next() {
        if (consumer < Groups.consumers(group())) {
            part = Part.CONSUMER;
        } else {
            group++;
            part = group < streams.groups().count() ? Part.GROUP : Part.DONE;
        }
    }

    private void consumer(Pieces to) {
        long its = Groups.consumer(group(), consumer);
        int length = Groups.consumerNameLength(its);
        long begin = to.reserve(DumpWriter.LENGTH + length + 16 + COUNT);
        long at = DumpWriter.bytes(begin, Groups.consumerName(its), length);
        Memory.putLong(at, Memory.littleEndian(Groups.seen(its)));
        at += 8;
        if (type == DumpTypes.STREAM_3) {
            Memory.putLong(at, Memory.littleEndian(Groups.active(its)));
            at += 8;
        }
        to.wrote((int) (DumpWriter.unsigned(at, Groups.owned(its)) - begin));
        ms = 0;
        seq = 0;
        part = Part.OWNED;
    }

    private void owned(Pieces to) {
        Groups groups = streams.groups();
        long its = Groups.consumer(group(), consumer);
        boolean more = groups.seekOwned(group(), its, ms, seq);
        for (int i = 0; i < ROWS && more; i++) {
            id(to.reserve(16), groups.pendingMs(), groups.pendingSeq());
            to.wrote(16);
            more = groups.nextOwned(group());
        }
        if (more) {
            ms = groups.pendingMs();
            seq = groups.pendingSeq();
            return;
        }
        consumer++;
        next();
    }
}
