package io.solaster.store.persist;

import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.Packed;
import org.jspecify.annotations.Nullable;

/**
 * Writes what changes keys into a buffer, as {@link ChangeReader} reads it: one after the other, each a code, its key, and what
 * the change needs. All numbers are little-endian; lengths take a byte for each 7 bits. Changes are of database 0 until another one
 * is named, up to the end of their step. On the owning shard.
 */
final class ChangeWriter implements Effects, AutoCloseable {
    static final byte REMOVED = 0;
    static final byte PUT = 1;
    static final byte EXPIRES = 2;
    static final byte CLEARED = 3;
    /** The changes that follow are of a database, whose number takes a byte for each 7 bits. */
    static final byte DATABASE = 4;
    /** All keys of the database are gone. */
    static final byte EMPTIED = 5;
    /** Two databases have each other's numbers from now on. */
    static final byte SWAPPED = 6;
    /** A key is in another database now. */
    static final byte MOVED = 7;
    /** The code of the first step; the others follow in their order. */
    static final byte STEP = 16;

    /** Strings that are longer are written in pieces of so many bytes. */
    private static final int STRING_PIECE = 256 << 10;
    private static final int MOST_AT_ONCE = 256;

    private final Keyspace keys;
    private final Hashes hashes;
    private final Sets sets;
    private final Lists lists;
    private final SortedSets sortedSets;
    private final StreamPieces streams;
    private final long digits = Memory.allocate(Digits.LONGEST);
    private ByteBuf out;
    /** Of what was written last. */
    private int database;
    /** How databases were called by the number of their table, at the moment that is written; null for as they are. */
    private int @Nullable [] names;
    private Runnable changed = () -> {};
    private @Nullable Consumer<Throwable> failed;

    /** @param table of the keyspace's hashes and sets, for walks of this alone */
    ChangeWriter(Keyspace keys, FieldTable table, ByteBuf out) {
        this.keys = keys;
        this.out = out;
        this.hashes = new Hashes(keys, table);
        this.sets = new Sets(keys, table);
        this.lists = new Lists(keys);
        this.sortedSets = new SortedSets(keys, table);
        this.streams = new StreamPieces(keys, this);
    }

    /** Has somebody told of a change that could not be written, and whoever made it go on; else that is thrown. */
    void whenFailed(Consumer<Throwable> told) {
        failed = told;
    }

    /** Has something told after each change that was written. */
    void whenChanged(Runnable told) {
        changed = told;
    }

    /** Has databases be called as they were at some moment, by the number of their table. */
    void names(int[] byTable) {
        names = byTable;
    }

    /** Where it writes: direct memory. */
    ByteBuf out() {
        return out;
    }

    /** Writes there from now on. */
    void to(ByteBuf newOut) {
        out = newOut;
    }

    @Override
    public void put(long entry) {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            if (isWhole(entry)) {
                out.writeByte(PUT).writeByte(keys.type(entry)).writeLongLE(keys.expiry(entry));
                bytes(keys.keyAddress(entry), keys.keyLength(entry));
                bytes(keys.valueAddress(entry), keys.valueLength(entry));
            } else {
                long cursor = 0;
                do {
                    cursor = writePiece(entry, cursor);
                } while (cursor != 0);
            }
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    /** Takes back what there is of a change that could not be written, mostly for want of memory; whether that is told. */
    private boolean undo(int begin, Throwable why) {
        out.writerIndex(begin);
        database = -1;
        Consumer<Throwable> told = failed;
        if (told == null) {
            return false;
        }
        told.accept(why);
        return true;
    }

    /** Whether all of a value lies in its entry. */
    private boolean isWhole(long entry) {
        return keys.type(entry) == Keyspace.TYPE_STRING
                || Memory.getByte(keys.valueAddress(entry)) == ValueType.PACKED;
    }

    /** Whether a value is better written in pieces, so that others have their turn between. */
    boolean isLong(long entry) {
        return !isWhole(entry) || keys.valueLength(entry) > STRING_PIECE;
    }

    /**
     * Writes a piece of a value, so that all pieces together make the value whatever there was before. The value must be the same
     * until the last piece; it may have been moved.
     *
     * @param cursor 0 at first, else what the last call returned
     * @return 0 after the last piece
     */
    long piece(long entry, long cursor) {
        writeDatabase();
        return writePiece(entry, cursor);
    }

    private long writePiece(long entry, long cursor) {
        long key = keys.keyAddress(entry);
        int keyLength = keys.keyLength(entry);
        if (cursor == 0) {
            writeRemoved(key, keyLength);
        }
        long next = switch (keys.type(entry)) {
            case Keyspace.TYPE_STRING -> pieceOfString(entry, key, keyLength, cursor);
            case Keyspace.TYPE_LIST -> pieceOfList(entry, key, keyLength, cursor);
            case Keyspace.TYPE_SET -> pieceOfSet(entry, key, keyLength, cursor);
            case Keyspace.TYPE_ZSET -> pieceOfSortedSet(entry, key, keyLength, cursor);
            case Keyspace.TYPE_HASH -> pieceOfHash(entry, key, keyLength, cursor);
            case Keyspace.TYPE_STREAM -> streams.piece(entry, key, keyLength, cursor);
            default -> throw new IllegalStateException("values of type " + keys.type(entry) + " cannot be kept");
        };
        if (next == 0 && keys.expiry(entry) != 0) {
            writeExpires(key, keyLength, keys.expiry(entry));
        }
        return next;
    }

    private long pieceOfString(long entry, long key, int keyLength, long cursor) {
        int length = (int) Math.min(STRING_PIECE, keys.valueLength(entry) - cursor);
        write(Step.STRING_AT, key, keyLength, cursor, keys.valueAddress(entry) + cursor, length, 0, 0);
        long next = cursor + length;
        return next == keys.valueLength(entry) ? 0 : next;
    }

    private long pieceOfList(long entry, long key, int keyLength, long cursor) {
        lists.open(key, keyLength, entry);
        long end = Math.min(lists.count(), cursor + MOST_AT_ONCE);
        lists.seek(cursor);
        for (long i = cursor; i < end; i++) {
            long element = lists.element();
            boolean number = Packed.isNumber(element);
            int length = number ? Packed.copy(element, digits) : Packed.length(element);
            write(Step.LIST_LAST, key, keyLength, 0, number ? digits : Packed.address(element), length, 0, 0);
            lists.next();
        }
        return end == lists.count() ? 0 : end;
    }

    private long pieceOfSet(long entry, long key, int keyLength, long cursor) {
        sets.open(key, keyLength, entry);
        if (!sets.isTable()) {
            sets.begin();
            while (sets.next()) {
                write(Step.SET_ADD, key, keyLength, 0, sets.address(), sets.length(), 0, 0);
            }
            return 0;
        }
        long next = sets.scan(cursor, MOST_AT_ONCE);
        while (sets.scanned()) {
            write(Step.SET_ADD, key, keyLength, 0, sets.address(), sets.length(), 0, 0);
        }
        return next;
    }

    private long pieceOfSortedSet(long entry, long key, int keyLength, long cursor) {
        sortedSets.open(key, keyLength, entry);
        long end = Math.min(sortedSets.count(), cursor + MOST_AT_ONCE);
        sortedSets.seek(cursor);
        for (long rank = cursor; rank < end; rank++) {
            write(Step.ZSET_PUT, key, keyLength, Double.doubleToRawLongBits(sortedSets.score()),
                    sortedSets.address(), sortedSets.length(), 0, 0);
            if (rank < end - 1) {
                sortedSets.next();
            }
        }
        return end == sortedSets.count() ? 0 : end;
    }

    private long pieceOfHash(long entry, long key, int keyLength, long cursor) {
        // At no time is a field due.
        hashes.open(key, keyLength, entry, 0);
        if (!hashes.isTable()) {
            hashes.begin();
            while (hashes.next()) {
                putField(key, keyLength);
            }
            return 0;
        }
        long next = hashes.scan(cursor, MOST_AT_ONCE);
        while (hashes.scanned()) {
            putField(key, keyLength);
        }
        return next;
    }

    private void putField(long key, int keyLength) {
        write(Step.HASH_PUT, key, keyLength, hashes.expiry(), hashes.fieldAddress(), hashes.fieldLength(),
                hashes.valueAddress(), hashes.valueLength());
    }

    private void writeRemoved(long key, int keyLength) {
        out.writeByte(REMOVED);
        bytes(key, keyLength);
    }

    private void writeExpires(long key, int keyLength, long expiry) {
        out.writeByte(EXPIRES).writeLongLE(expiry);
        bytes(key, keyLength);
    }

    void write(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
            int secondLength) {
        out.writeByte(STEP + step.code()).writeLongLE(number);
        bytes(key, keyLength);
        bytes(first, firstLength);
        bytes(second, secondLength);
    }

    @Override
    public void removed(long key, int keyLength) {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            writeRemoved(key, keyLength);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void expires(long key, int keyLength, long expiry) {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            writeExpires(key, keyLength, expiry);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void cleared() {
        int begin = out.writerIndex();
        try {
            out.writeByte(CLEARED);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void emptied() {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            out.writeByte(EMPTIED);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void swapped(int one, int other) {
        int begin = out.writerIndex();
        try {
            out.writeByte(SWAPPED);
            writeLength(one);
            writeLength(other);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void moved(long entry, int to) {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            out.writeByte(MOVED).writeLongLE(to);
            bytes(keys.keyAddress(entry), keys.keyLength(entry));
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    @Override
    public void changed(Step step, long key, int keyLength, long number, long first, int firstLength, long second,
            int secondLength) {
        int begin = out.writerIndex();
        try {
            writeDatabase();
            write(step, key, keyLength, number, first, firstLength, second, secondLength);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        changed.run();
    }

    /** Names the selected database, where the step is of another one so far. */
    private void writeDatabase() {
        int[] known = names;
        int now = known == null ? keys.database() : known[keys.table()];
        if (now != database) {
            writeDatabase(out, now);
            database = now;
        }
    }

    /** What was written so far is a step: what follows is of database 0 again until another one is named. */
    void endStep() {
        if (database == 0) {
            return;
        }
        int begin = out.writerIndex();
        try {
            writeDatabase(out, 0);
        } catch (RuntimeException | Error why) {
            if (!undo(begin, why)) {
                throw why;
            }
        }
        database = 0;
    }

    static void writeDatabase(ByteBuf to, int number) {
        to.writeByte(DATABASE);
        writeLength(to, number);
    }

    private void writeLength(int length) {
        writeLength(out, length);
    }

    private static void writeLength(ByteBuf to, int length) {
        int left = length;
        while (left > 127) {
            to.writeByte(left | 128);
            left >>>= 7;
        }
        to.writeByte(left);
    }

    private void bytes(long address, int length) {
        writeLength(length);
        if (length > 0) {
            out.ensureWritable(length);
            Memory.copy(address, Memory.address(out) + out.writerIndex(), length);
            out.writerIndex(out.writerIndex() + length);
        }
    }

    /** The buffer stays with who gave it. */
    @Override
    public void close() {
        hashes.close();
        sets.close();
        lists.close();
        sortedSets.close();
        streams.close();
        Memory.free(digits);
    }
}
