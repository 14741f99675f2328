package io.solaster.store.rdb;

import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.Chain;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.IntSet;
import io.solaster.store.type.Packed;
import org.jspecify.annotations.Nullable;

/**
 * Writes the value of one key as Redis 7.0 dumps it, in as many steps as it takes: small ones as listpacks and intsets, large
 * ones element by element. A hash whose fields expire is written as Redis 7.4 does. Nothing is compressed.
 *
 * <p>
 * Between the steps the entry, and the nodes of its value, may be moved; the value itself must not be changed, but that
 * fields which expire may be removed: then the count at the beginning was wrong, and {@link #step} says so. On the owning
 * shard.
 */
public final class ValueWriter {
    /** What {@link #step} has come to. */
    public enum State {
        /** There is more to be written. */
        MORE,
        /** The value is whole. */
        DONE,
        /** Fields have expired meanwhile: what was written is to be dropped, and begun anew. */
        CHANGED
    }

    /** Bytes of a piece of a string. */
    private static final int STRING_PIECE = 256 << 10;
    /** How many elements of a large value are written in a step, about. */
    private static final int A_STEP = 16;
    private static final int SCORE = 8;
    /** Of a score that is no whole number. */
    private static final int MOST_DIGITS = 32;

    private final Keyspace keys;
    private final Hashes hashes;
    private final Sets sets;
    private final SortedSets sortedSets;
    private final Streams streams;
    private @Nullable StreamWriter stream;

    private int type;
    private boolean begun;
    private boolean done;
    private long left; // members and fields, nodes of a list, bytes of a string
    private long cursor; // of a table
    private long total; // fields
    private long earliest;

    // Of a long list.
    private boolean counted;
    private long nodes;
    private long node;
    private long passed; // nodes before that one
    private long moves;

    /** What it reads with is opened anew at each step. */
    ValueWriter(Keyspace keys, Hashes hashes, Sets sets, SortedSets sortedSets, Streams streams) {
        this.keys = keys;
        this.hashes = hashes;
        this.sets = sets;
        this.sortedSets = sortedSets;
        this.streams = streams;
    }

    /** Begins with a value. */
    public void begin(long entry) {
        long value = keys.valueAddress(entry);
        begun = false;
        done = false;
        cursor = 0;
        counted = false;
        nodes = 0;
        passed = 0;
        node = 0;
        moves = keys.nodeMoves();
        type = switch (keys.type(entry)) {
            case Keyspace.TYPE_STRING -> DumpTypes.STRING;
            case Keyspace.TYPE_LIST -> DumpTypes.LIST_QUICKLIST_2;
            case Keyspace.TYPE_SET -> Sets.isNumbers(value) ? DumpTypes.SET_INTSET : DumpTypes.SET;
            case Keyspace.TYPE_ZSET -> SortedSets.isTree(value) ? DumpTypes.ZSET_2 : DumpTypes.ZSET_LISTPACK;
            case Keyspace.TYPE_HASH -> !Hashes.isTable(value)
                    ? DumpTypes.HASH_LISTPACK
                    : Hashes.earliestExpiry(value) == Long.MAX_VALUE ? DumpTypes.HASH : DumpTypes.HASH_METADATA;
            case Keyspace.TYPE_STREAM -> beginStream(entry);
            default -> throw new IllegalArgumentException("a value of type " + keys.type(entry) + " is not dumped");
        };
    }

    private int beginStream(long entry) {
        streams.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        int its = StreamWriter.typeOf(streams);
        stream = new StreamWriter(streams, its);
        return its;
    }

    /** The first byte of what is written, as of {@link DumpTypes}. */
    public int type() {
        return type;
    }

    /**
     * Writes a few elements more, whole ones, behind what is there.
     *
     * @param entry where the value lies now
     */
    public State step(long entry, Pieces to) {
        long value = keys.valueAddress(entry);
        switch (type) {
            case DumpTypes.STRING -> string(value, keys.valueLength(entry), to);
            case DumpTypes.LIST_QUICKLIST_2 -> list(value, to);
            case DumpTypes.SET_INTSET -> intset(value, keys.valueLength(entry), to);
            case DumpTypes.HASH_LISTPACK -> listpack(value + 1, to);
            case DumpTypes.ZSET_LISTPACK -> scored(value + 1, to);
            case DumpTypes.ZSET_2 -> sortedSet(entry, to);
            case DumpTypes.SET -> set(entry, to);
            case DumpTypes.STREAM_2, DumpTypes.STREAM_3 -> {
                streams.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
                done = Objects.requireNonNull(stream).step(to);
            }
            default -> {
                if (!hash(entry, to)) {
                    return State.CHANGED;
                }
            }
        }
        return done ? State.DONE : State.MORE;
    }

    private void count(long count, Pieces to) {
        long at = to.reserve(1 + 9);
        Memory.putByte(at, (byte) type);
        to.wrote((int) (DumpWriter.count(at + 1, count) - at));
    }

    // ---- strings

    /** A long one is written in pieces, which {@link ValueReader} wants to be in one again. */
    private void string(long value, int length, Pieces to) {
        if (!begun) {
            begun = true;
            if (length <= STRING_PIECE) {
                long at = to.reserve(1 + DumpWriter.LENGTH + length);
                Memory.putByte(at, (byte) type);
                to.wrote((int) (DumpWriter.string(at + 1, value, length) - at));
                done = true;
                return;
            }
            count(length, to);
            left = length;
        }
        int piece = (int) Math.min(left, STRING_PIECE);
        to.add(value + length - left, piece);
        left -= piece;
        done = left == 0;
    }

    // ---- small collections

    private void intset(long value, int valueLength, Pieces to) {
        int width = Memory.getByte(value + 1);
        int bytes = valueLength - 2;
        int count = bytes / width;
        long at = to.reserve(1 + DumpWriter.LENGTH + Intset.HEADER + bytes);
        Memory.putByte(at, (byte) type);
        long numbers = DumpWriter.count(at + 1, Intset.HEADER + bytes);
        Memory.putInt(numbers, Memory.littleEndian(width));
        Memory.putInt(numbers + 4, Memory.littleEndian(count));
        numbers += Intset.HEADER;
        for (int i = 0; i < count; i++) {
            long number = IntSet.get(value + 2, width, i);
            for (int b = 0; b < width; b++) {
                Memory.putByte(numbers++, (byte) (number >>> 8 * b));
            }
        }
        to.wrote((int) (numbers - at));
        done = true;
    }

    /** All of a small hash, or of a small list: a listpack of the same elements. */
    private void listpack(long packed, Pieces to) {
        piece(type, packed, to);
        done = true;
    }

    /** A listpack, behind a byte. */
    private static void piece(int before, long packed, Pieces to) {
        int bytes = Listpack.EMPTY;
        for (long each = Packed.first(packed); each != Packed.end(packed); each = Packed.next(each)) {
            bytes += Listpack.size(each);
        }
        long at = to.reserve(1 + DumpWriter.LENGTH + bytes);
        Memory.putByte(at, (byte) before);
        long begin = DumpWriter.count(at + 1, bytes);
        long element = Listpack.putHeader(begin, bytes, Packed.count(packed));
        for (long each = Packed.first(packed); each != Packed.end(packed); each = Packed.next(each)) {
            element = Listpack.put(element, each);
        }
        to.wrote((int) (Listpack.putEnd(element) - at));
    }

    /** A small sorted set: scores that are no whole numbers are written in digits. */
    private void scored(long packed, Pieces to) {
        int most = Listpack.EMPTY;
        for (long each = Packed.first(packed); each != Packed.end(packed);) {
            most += Listpack.size(each) + Listpack.bytesSize(MOST_DIGITS);
            each = Packed.next(Packed.next(each));
        }
        long at = to.reserve(1 + DumpWriter.LENGTH + most);
        // Where it begins is known once its length is: it is written behind the longest, and moved.
        long begin = at + 1 + DumpWriter.LENGTH;
        long element = begin + Listpack.HEADER;
        for (long each = Packed.first(packed); each != Packed.end(packed);) {
            element = Listpack.put(element, each);
            long score = Packed.next(each);
            element = Packed.isNumber(score)
                    ? Listpack.put(element, score)
                    : Listpack.putText(element, ReplyWriter
                            .format(Double.longBitsToDouble(Memory.getLong(Packed.address(score)))));
            each = Packed.next(score);
        }
        int bytes = (int) (Listpack.putEnd(element) - begin);
        Listpack.putHeader(begin, bytes, Packed.count(packed));
        Memory.putByte(at, (byte) type);
        long behind = DumpWriter.count(at + 1, bytes);
        Memory.copy(begin, behind, bytes);
        to.wrote((int) (behind + bytes - at));
        done = true;
    }

    // ---- long lists

    /** A quicklist: each node is one of its nodes. They have to be counted first. */
    private void list(long value, Pieces to) {
        if (Memory.getByte(value) == ValueType.PACKED) {
            count(1, to);
            node(value + 1, to);
            done = true;
            return;
        }
        if (!begun) {
            begun = true;
            node = Chain.head(value);
        } else if (moves != keys.nodeMoves()) {
            node = Chain.head(value);
            for (long i = 0; i < passed; i++) {
                node = Chain.next(node);
            }
        }
        moves = keys.nodeMoves();
        if (!counted) {
            for (int i = 0; i < A_STEP * A_STEP && node != 0; i++) {
                node = Chain.next(node);
                passed++;
            }
            if (node == 0) {
                counted = true;
                nodes = passed;
                passed = 0;
                node = Chain.head(value);
                count(nodes, to);
            }
            return;
        }
        node(Chain.packed(node), to);
        node = Chain.next(node);
        passed++;
        done = node == 0;
    }

    private static void node(long packed, Pieces to) {
        piece(DumpTypes.PACKED, packed, to);
    }

    // ---- tables and trees

    private static void element(long at, int length, Pieces to) {
        long begin = to.reserve(DumpWriter.LENGTH + length);
        to.wrote((int) (DumpWriter.string(begin, at, length) - begin));
    }

    private void sortedSet(long entry, Pieces to) {
        sortedSets.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        if (!begun) {
            begun = true;
            left = sortedSets.count();
            count(left, to);
        }
        // The last ones first, as Redis writes them.
        sortedSets.seek(left - 1);
        for (int i = 0; i < A_STEP; i++) {
            int length = sortedSets.length();
            long at = to.reserve(DumpWriter.LENGTH + length + SCORE);
            long behind = DumpWriter.string(at, sortedSets.address(), length);
            Memory.putLong(behind, Memory.littleEndian(Double.doubleToRawLongBits(sortedSets.score())));
            to.wrote((int) (behind + SCORE - at));
            left--;
            if (left == 0) {
                done = true;
                return;
            }
            sortedSets.previous();
        }
    }

    private void set(long entry, Pieces to) {
        sets.open(keys.keyAddress(entry), keys.keyLength(entry), entry);
        if (!begun) {
            begun = true;
            count(sets.count(), to);
        }
        if (!sets.isTable()) {
            sets.begin();
            while (sets.next()) {
                element(sets.address(), sets.length(), to);
            }
            done = true;
            return;
        }
        cursor = sets.scan(cursor, A_STEP);
        while (sets.scanned()) {
            element(sets.address(), sets.length(), to);
        }
        done = cursor == 0;
    }

    /** False if there are fewer fields than there were when it began. */
    private boolean hash(long entry, Pieces to) {
        // By the time 0 no field has expired: all of them were counted.
        hashes.open(keys.keyAddress(entry), keys.keyLength(entry), entry, 0);
        if (!begun) {
            begun = true;
            total = hashes.count();
            left = total;
            begin(keys.valueAddress(entry), to);
        }
        if (hashes.count() != total) {
            return false;
        }
        cursor = hashes.scan(cursor, A_STEP);
        while (hashes.scanned()) {
            field(to);
            left--;
        }
        done = cursor == 0;
        return !done || left == 0;
    }

    private void begin(long value, Pieces to) {
        long at = to.reserve(1 + 8 + 9);
        Memory.putByte(at, (byte) type);
        long behind = at + 1;
        if (type == DumpTypes.HASH_METADATA) {
            earliest = FieldTable.earliestExpiry(value);
            earliest = earliest == Long.MAX_VALUE ? 0 : earliest;
            Memory.putLong(behind, Memory.littleEndian(earliest));
            behind += 8;
        }
        to.wrote((int) (DumpWriter.count(behind, left) - at));
    }

    private void field(Pieces to) {
        long length = (long) hashes.fieldLength() + hashes.valueLength() + 2 * DumpWriter.LENGTH + 9;
        if (length > Integer.MAX_VALUE) {
            throw new OutOfMemoryError("a field and its value of " + length + " bytes are not written in one piece");
        }
        long at = to.reserve((int) length);
        long behind = at;
        if (type == DumpTypes.HASH_METADATA) {
            behind = DumpWriter.count(behind, hashes.expiry() == 0 ? 0 : hashes.expiry() - earliest + 1);
        }
        behind = DumpWriter.string(behind, hashes.fieldAddress(), hashes.fieldLength());
        behind = DumpWriter.string(behind, hashes.valueAddress(), hashes.valueLength());
        to.wrote((int) (behind - at));
    }
}
