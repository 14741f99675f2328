package io.solaster.store.rdb;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.collection.NewValue;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Lag;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.Decimal;

/**
 * Reads a stream that was dumped, for {@link ValueReader}: each byte is looked at before it is believed. On the owning shard.
 */
final class StreamReader implements AutoCloseable {
    private static final int DELETED = 1;
    private static final int SAME = 2;
    /** Ids, times and counts of what is pending, four numbers each. */
    private static final int ROW = 4;

    private enum Part {
        BEGIN, BLOCKS, STATE, GROUP, PENDING, CONSUMERS, CONSUMER, OWNED, DONE
    }

    private final DumpReader in;
    private final NewValue value;
    private final int type;
    private Part part = Part.BEGIN;
    private long left;
    /** The number that was found last in a listpack, and the count behind it. */
    private long found;
    private long counted;
    private long ms;
    private long seq;
    private long groupsLeft;
    private long consumersLeft;

    // Memory for the names and values of an entry.
    private long fields;
    private long room;
    private long digits = Memory.allocate(Digits.LONGEST);

    // The group that is being read.
    private byte[] group = {};
    private byte[] consumer = {};
    private long[] pending = {};
    private int rows;
    private boolean[] owned = {};
    private int ownedRows;

    StreamReader(DumpReader in, NewValue value, int type) {
        this.in = in;
        this.value = value;
        this.type = type;
    }

    /** Whether all of it was read. */
    boolean isDone() {
        return part == Part.DONE;
    }

    /** Reads a little; false if that is no stream. There is something to read. */
    boolean step() {
        return switch (part) {
            case BEGIN -> begin();
            case BLOCKS -> block();
            case STATE -> state();
            case GROUP -> group();
            case PENDING -> pending();
            case CONSUMERS -> consumers();
            case CONSUMER -> consumer();
            case OWNED -> owned();
            default -> false;
        };
    }

    private boolean begin() {
        if (!in.isCount() || in.count() < 0) {
            return false;
        }
        left = in.count();
        part = left == 0 ? Part.STATE : Part.BLOCKS;
        return true;
    }

    // ---- entries

    /** Where the string lies that was found last; to be freed if it is not what the dump has. */
    private long copied() {
        long copy = Memory.allocate(Math.max(1, in.length()));
        in.write(copy);
        return copy;
    }

    private boolean block() {
        if (!in.isString() || in.length() != 16) {
            return false;
        }
        long key = copied();
        long ms = number(key);
        long seq = number(key + 8);
        Memory.free(key);
        if (!in.isString() || in.length() > Integer.MAX_VALUE) {
            return false;
        }
        boolean lies = in.address() != 0;
        long blob = lies ? in.address() : copied();
        try {
            Listpack all = new Listpack();
            if (!all.begin(blob, in.length()) || !entries(all, ms, seq)) {
                return false;
            }
        } finally {
            if (!lies) {
                Memory.free(blob);
            }
        }
        if (--left == 0) {
            part = Part.STATE;
        }
        return true;
    }

    /** The highest byte first. */
    private static long number(long at) {
        return Long.reverseBytes(Memory.littleEndian(Memory.getLong(at)));
    }

    /** Whether a number comes next. */
    private boolean isNumber(Listpack all) {
        if (all.next(digits) != Elements.Found.ELEMENT || !Decimal.isLong(all.address(), all.length())) {
            return false;
        }
        found = Decimal.parse(all.address(), all.length());
        return true;
    }

    private boolean entries(Listpack all, long masterMs, long masterSeq) {
        if (!isNumber(all) || found < 0) {
            return false;
        }
        long valid = found;
        if (!isNumber(all) || found < 0) {
            return false;
        }
        long deleted = found;
        if (!isNumber(all) || found < 0 || found > Integer.MAX_VALUE) {
            return false;
        }
        byte[][] names = new byte[0][];
        int count = 0;
        for (long i = found; i > 0; i--) {
            if (all.next(digits) != Elements.Found.ELEMENT) {
                return false;
            }
            if (count == names.length) {
                names = Arrays.copyOf(names, Math.max(4, 2 * count));
            }
            names[count] = new byte[all.length()];
            Memory.copy(all.address(), names[count++], 0, all.length());
        }
        if (!isNumber(all) || found != 0) {
            return false;
        }
        names = Arrays.copyOf(names, count);
        for (long i = valid + deleted; i > 0; i--) {
            if (!isNumber(all)) {
                return false;
            }
            boolean gone = (found & DELETED) != 0;
            if (gone ? --deleted < 0 : --valid < 0) {
                return false;
            }
            if (!entry(all, names, (found & SAME) != 0, gone, masterMs, masterSeq)) {
                return false;
            }
        }
        return all.next(digits) == Elements.Found.END;
    }

    private boolean entry(Listpack all, byte[][] names, boolean same, boolean gone, long masterMs, long masterSeq) {
        if (!isNumber(all)) {
            return false;
        }
        long ms = masterMs + found;
        if (!isNumber(all)) {
            return false;
        }
        long seq = masterSeq + found;
        long count = names.length;
        if (!same) {
            if (!isNumber(all) || found < 0 || found > Integer.MAX_VALUE / 2) {
                return false;
            }
            count = found;
        }
        long end = put(0, count);
        for (long i = 0; i < count; i++) {
            if (same) {
                byte[] name = names[(int) i];
                end = put(end, name.length);
                reserve(end, name.length);
                Memory.copy(name, 0, fields + end, name.length);
                end += name.length;
            } else {
                end = element(all, end);
            }
            end = end < 0 ? end : element(all, end);
            if (end < 0) {
                return false;
            }
        }
        if (!isNumber(all) || found != (same ? 3 + count : 4 + 2 * count) || end > Integer.MAX_VALUE) {
            return false;
        }
        if (gone) {
            return true;
        }
        Streams stream = value.stream();
        if (count == 0 || Streams.compare(ms, seq, stream.lastMs(), stream.lastSeq()) <= 0) {
            return false;
        }
        stream.append(ms, seq, fields, (int) end);
        return true;
    }

    /** Puts the next element behind what there is of an entry; where it ends, or below 0 if there is none. */
    private long element(Listpack all, long end) {
        if (all.next(digits) != Elements.Found.ELEMENT) {
            return -1;
        }
        long behind = put(end, all.length());
        reserve(behind, all.length());
        Memory.copy(all.address(), fields + behind, all.length());
        return behind + all.length();
    }

    private long put(long end, long number) {
        reserve(end, 10);
        return Streams.putNumber(fields + end, number) - fields;
    }

    private void reserve(long end, long more) {
        if (end + more > room) {
            long larger = Math.max(256, 2 * (end + more));
            long memory = Memory.allocate(larger);
            Memory.copy(fields, memory, end);
            Memory.free(fields);
            fields = memory;
            room = larger;
        }
    }

    /** Whether a count comes next, which may have 64 bits. */
    private boolean isCount() {
        boolean there = in.isCount();
        counted = in.count();
        return there;
    }

    /** Whether an id comes next, as two counts. */
    private boolean isId() {
        boolean there = isCount();
        ms = counted;
        there &= isCount();
        seq = counted;
        return there;
    }

    private boolean state() {
        Streams stream = value.stream();
        if (!isCount() || counted != stream.length() || !isId()) {
            return false;
        }
        long lastMs = ms;
        long lastSeq = seq;
        long deletedMs = 0;
        long deletedSeq = 0;
        long added = stream.length();
        if (type != DumpTypes.STREAM) {
            // The first id is that of the first entry.
            boolean first = isId();
            if (!isId() || !first) {
                return false;
            }
            deletedMs = ms;
            deletedSeq = seq;
            if (!isCount() || counted < added) {
                return false;
            }
            added = counted;
        }
        if (Streams.compare(lastMs, lastSeq, stream.lastMs(), stream.lastSeq()) < 0 || !isCount() || counted < 0) {
            return false;
        }
        groupsLeft = counted;
        stream.state(lastMs, lastSeq, deletedMs, deletedSeq, added);
        part = groupsLeft == 0 ? Part.DONE : Part.GROUP;
        return true;
    }

    private boolean isName() {
        return in.isString() && in.length() <= Integer.MAX_VALUE - 64;
    }

    private byte[] name() {
        byte[] name = new byte[(int) in.length()];
        long copy = copied();
        Memory.copy(copy, name, 0, name.length);
        Memory.free(copy);
        return name;
    }

    private boolean group() {
        if (!isName()) {
            return false;
        }
        group = name();
        if (!isId()) {
            return false;
        }
        // Redis before 7.0 did not count what a group has read.
        long read = Lag.upTo(value.stream(), ms, seq);
        if (type != DumpTypes.STREAM) {
            if (!isCount() || counted < -1) {
                return false;
            }
            read = counted;
        }
        if (!isCount() || counted < 0 || groupAddress() != 0) {
            return false;
        }
        left = counted;
        Groups groups = value.stream().groups();
        long at = copy(group);
        groups.set(Step.GROUP_CREATE, at, group.length, ms, seq, read);
        Memory.free(at);
        rows = 0;
        part = left == 0 ? Part.CONSUMERS : Part.PENDING;
        return true;
    }

    private static long copy(byte[] bytes) {
        long at = Memory.allocate(Math.max(1, bytes.length));
        Memory.copy(bytes, 0, at, bytes.length);
        return at;
    }

    private long groupAddress() {
        long at = copy(group);
        try {
            return value.stream().groups().find(at, group.length);
        } finally {
            Memory.free(at);
        }
    }

    private boolean pending() {
        if (!in.isLong()) {
            return false;
        }
        long ms = Long.reverseBytes(in.count());
        if (!in.isLong()) {
            return false;
        }
        long seq = Long.reverseBytes(in.count());
        if (!in.isLong()) {
            return false;
        }
        long time = in.count();
        if (!isCount() || counted < 0) {
            return false;
        }
        if (rows > 0 && Streams.compare(ms, seq, pending[ROW * (rows - 1)], pending[ROW * (rows - 1) + 1]) <= 0) {
            return false;
        }
        if (ROW * (rows + 1) > pending.length) {
            pending = Arrays.copyOf(pending, Math.max(64, 2 * pending.length));
        }
        pending[ROW * rows] = ms;
        pending[ROW * rows + 1] = seq;
        pending[ROW * rows + 2] = time;
        pending[ROW * rows++ + 3] = counted;
        if (--left == 0) {
            part = Part.CONSUMERS;
        }
        return true;
    }

    private boolean consumers() {
        if (!isCount() || counted < 0) {
            return false;
        }
        consumersLeft = counted;
        owned = new boolean[rows];
        ownedRows = 0;
        return next();
    }

    /** Goes on with the next consumer, or group. */
    private boolean next() {
        if (consumersLeft > 0) {
            part = Part.CONSUMER;
            return true;
        }
        part = --groupsLeft == 0 ? Part.DONE : Part.GROUP;
        return ownedRows == rows;
    }

    private boolean consumer() {
        if (!isName()) {
            return false;
        }
        consumer = name();
        if (!in.isLong()) {
            return false;
        }
        long seen = in.count();
        long active = seen;
        if (type == DumpTypes.STREAM_3) {
            if (!in.isLong()) {
                return false;
            }
            active = in.count();
        }
        if (!isCount() || counted < 0) {
            return false;
        }
        left = counted;
        long at = copy(consumer);
        try {
            long its = groupAddress();
            if (Groups.findConsumer(its, at, consumer.length) != 0) {
                return false;
            }
            value.stream().groups().setConsumer(its, at, consumer.length, seen, active);
        } finally {
            Memory.free(at);
        }
        consumersLeft--;
        if (left == 0) {
            return next();
        }
        part = Part.OWNED;
        return true;
    }

    private boolean owned() {
        if (!in.isLong()) {
            return false;
        }
        long ms = Long.reverseBytes(in.count());
        if (!in.isLong()) {
            return false;
        }
        int row = find(ms, Long.reverseBytes(in.count()));
        if (row < 0 || owned[row]) {
            return false;
        }
        owned[row] = true;
        ownedRows++;
        long its = groupAddress();
        long at = copy(consumer);
        long of = Groups.findConsumer(its, at, consumer.length);
        Memory.free(at);
        value.stream().groups().setPending(its, of, pending[ROW * row], pending[ROW * row + 1], pending[ROW * row + 2],
                pending[ROW * row + 3]);
        return --left > 0 || next();
    }

    private int find(long ms, long seq) {
        int low = 0;
        int high = rows - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            int order = Streams.compare(pending[ROW * middle], pending[ROW * middle + 1], ms, seq);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(fields);
        Memory.free(digits);
        fields = 0;
        room = 0;
        digits = 0;
    }
}
