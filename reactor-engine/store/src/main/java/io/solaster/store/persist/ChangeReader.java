package io.solaster.store.persist;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.type.FieldTable;

/**
 * Reads what {@link ChangeWriter} has written, one change after the other, and does them again. What was written is known to be
 * whole; what makes no sense nevertheless throws {@link IllegalStateException}. On the shard whose keys are changed.
 */
final class ChangeReader implements AutoCloseable {
    private final Keyspace keys;
    private final Hashes hashes;
    private final Sets sets;
    private final Lists lists;
    private final SortedSets sortedSets;
    private final StreamSteps streams;

    private long at;
    private long end;
    /** Where the change begins that was read last. */
    private long begin;

    /** Of the changes from here on; the end of each step is in number 0, though a step may come in several pieces. */
    private int database;
    private int code;
    private Step step = Step.STRING_AT;
    /** The databases that are swapped. */
    private int one;
    private int other;
    private int type;
    private long number;
    private long key;
    private int keyLength;
    private long first;
    private int firstLength;
    private long second;
    private int secondLength;

    /** @param table of the keyspace's hashes and sets */
    ChangeReader(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.hashes = new Hashes(keys, table);
        this.sets = new Sets(keys, table);
        this.lists = new Lists(keys);
        this.sortedSets = new SortedSets(keys, table);
        this.streams = new StreamSteps(keys);
    }

    /** Reads from there on: what is readable of direct memory, which stays where it is meanwhile. */
    void open(ByteBuf changes) {
        at = Memory.address(changes) + changes.readerIndex();
        end = at + changes.readableBytes();
    }

    /** Reads the next change; false at the end. */
    boolean next() {
        do {
            if (at == end) {
                return false;
            }
            begin = at;
            code = takeByte();
            if (code == ChangeWriter.DATABASE) {
                database = takeLength();
            }
        } while (code == ChangeWriter.DATABASE);
        type = 0;
        number = 0;
        firstLength = 0;
        secondLength = 0;
        switch (code) {
            case ChangeWriter.REMOVED -> takeKey();
            case ChangeWriter.PUT -> {
                type = takeByte();
                number = takeLong();
                takeKey();
                takeFirst();
            }
            case ChangeWriter.EXPIRES, ChangeWriter.MOVED -> {
                number = takeLong();
                takeKey();
            }
            case ChangeWriter.CLEARED, ChangeWriter.EMPTIED -> keyLength = 0;
            case ChangeWriter.SWAPPED -> {
                keyLength = 0;
                one = takeLength();
                other = takeLength();
            }
            default -> {
                step = Step.of(code - ChangeWriter.STEP);
                number = takeLong();
                takeKey();
                takeFirst();
                secondLength = takeLength();
                second = take(secondLength);
            }
        }
        return true;
    }

    /** How many bytes of what is readable are whole changes: what follows is the beginning of one. */
    static int wholeLength(ByteBuf changes) {
        int whole = 0;
        int end = changes.readableBytes();
        while (whole < end) {
            int code = changes.getByte(changes.readerIndex() + whole) & 0xff;
            int fixed = switch (code) {
                case ChangeWriter.REMOVED, ChangeWriter.CLEARED, ChangeWriter.EMPTIED, ChangeWriter.DATABASE,
                        ChangeWriter.SWAPPED ->
                    1;
                case ChangeWriter.PUT -> 2 + Long.BYTES;
                default -> 1 + Long.BYTES;
            };
            int strings = switch (code) {
                case ChangeWriter.CLEARED, ChangeWriter.EMPTIED, ChangeWriter.DATABASE, ChangeWriter.SWAPPED -> 0;
                case ChangeWriter.REMOVED, ChangeWriter.EXPIRES, ChangeWriter.MOVED -> 1;
                case ChangeWriter.PUT -> 2;
                default -> 3;
            };
            int numbers = code == ChangeWriter.DATABASE ? 1 : code == ChangeWriter.SWAPPED ? 2 : 0;
            long at = (long) whole + fixed;
            for (int i = 0; i < numbers && at <= end; i++) {
                at = behindNumber(changes, (int) at, end);
            }
            for (int i = 0; i < strings && at <= end; i++) {
                at = behindString(changes, (int) at, end);
            }
            if (at > end) {
                return whole;
            }
            whole = (int) at;
        }
        return whole;
    }

    /** Where a number ends that takes a byte for each 7 bits, or beyond all if it is not whole. */
    private static long behindNumber(ByteBuf changes, int from, int end) {
        for (int at = from; at < end; at++) {
            if (changes.getByte(changes.readerIndex() + at) >= 0) {
                return at + 1L;
            }
        }
        return Long.MAX_VALUE;
    }

    /** Where a string ends, or beyond all if it is not whole. */
    private static long behindString(ByteBuf changes, int from, int end) {
        long length = 0;
        int shift = 0;
        for (int at = from; at < end && shift < 35; at++, shift += 7) {
            int part = changes.getByte(changes.readerIndex() + at);
            length |= (part & 127L) << shift;
            if (part >= 0) {
                return at + 1 + length;
            }
        }
        return Long.MAX_VALUE;
    }

    private int takeByte() {
        return Memory.getByte(take(1)) & 0xff;
    }

    private long takeLong() {
        return Memory.littleEndian(Memory.getLong(take(Long.BYTES)));
    }

    private int takeLength() {
        int length = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            int part = takeByte();
            length |= (part & 127) << shift;
            if (part < 128) {
                return length;
            }
        }
        throw new IllegalStateException("a length of more than 32 bits in a change of kind " + code);
    }

    private long take(int length) {
        long from = at;
        if (length < 0 || length > end - from) {
            throw new IllegalStateException("a change of kind " + code + " ends before its " + length + " bytes");
        }
        at += length;
        return from;
    }

    private void takeKey() {
        keyLength = takeLength();
        key = take(keyLength);
    }

    private void takeFirst() {
        firstLength = takeLength();
        first = take(firstLength);
    }

    /** Whether the change is of all keys. */
    boolean isCleared() {
        return code == ChangeWriter.CLEARED;
    }

    /** Whether the change is of all keys of its {@link #database}. */
    boolean isEmptied() {
        return code == ChangeWriter.EMPTIED;
    }

    /** Whether two databases are swapped: {@link #one} and {@link #other}. */
    boolean isSwapped() {
        return code == ChangeWriter.SWAPPED;
    }

    /** In which database the change is. */
    int database() {
        return database;
    }

    int one() {
        return one;
    }

    int other() {
        return other;
    }

    /** The slot of the change's key. */
    int slot() {
        return Slots.of(key, keyLength);
    }

    /** Copies the change as it is, without the number of its database. */
    void copyTo(ByteBuf out) {
        int length = (int) (at - begin);
        out.ensureWritable(length);
        Memory.copy(begin, Memory.address(out) + out.writerIndex(), length);
        out.writerIndex(out.writerIndex() + length);
    }

    /** Does the change again. */
    void apply() {
        keys.database(database);
        switch (code) {
            case ChangeWriter.REMOVED -> keys.remove(key, keyLength);
            case ChangeWriter.PUT -> put();
            case ChangeWriter.EXPIRES -> keys.setExpiry(key, keyLength, number);
            case ChangeWriter.CLEARED -> keys.clear();
            case ChangeWriter.EMPTIED -> keys.empty();
            case ChangeWriter.SWAPPED -> keys.swap(one, other);
            case ChangeWriter.MOVED -> keys.move(key, keyLength, Math.toIntExact(number));
            default -> step();
        }
    }

    private void put() {
        if (type == Keyspace.TYPE_STRING) {
            keys.set(key, keyLength, first, firstLength, number);
            return;
        }
        long entry = keys.create(key, keyLength, type, firstLength, number);
        Memory.copy(first, keys.valueAddress(entry), firstLength);
        keys.written();
    }

    private void step() {
        // At this time no key is due.
        long entry = keys.peek(key, keyLength, 0);
        if (entry != 0) {
            keys.beginWrite(entry);
        }
        switch (step) {
            case STRING_AT -> putBytes(of(entry, Keyspace.TYPE_STRING));
            case LIST_FIRST, LIST_LAST, LIST_INSERT, LIST_SET, LIST_DROP_FIRST, LIST_DROP_LAST, LIST_REMOVE -> list(
                    of(entry, Keyspace.TYPE_LIST));
            case HASH_PUT, HASH_EXPIRES, HASH_REMOVE, HASH_DUE -> hash(of(entry, Keyspace.TYPE_HASH));
            case SET_ADD, SET_REMOVE -> {
                sets.open(key, keyLength, of(entry, Keyspace.TYPE_SET));
                if (step == Step.SET_ADD) {
                    sets.add(first, firstLength);
                } else {
                    sets.remove(first, firstLength);
                }
            }
            case ZSET_PUT, ZSET_REMOVE, ZSET_REMOVE_RANKS -> sortedSet(of(entry, Keyspace.TYPE_ZSET));
            default -> {
                streams.open(key, keyLength, of(entry, Keyspace.TYPE_STREAM));
                streams.apply(step, number, first, firstLength, second, secondLength);
            }
        }
        keys.endWrite();
    }

    private long of(long entry, int wanted) {
        if (entry != 0 && keys.type(entry) != wanted) {
            throw new IllegalStateException(
                    "a change of a value of type " + wanted + ", where the key holds one of type "
                            + keys.type(entry));
        }
        return entry;
    }

    private void putBytes(long entry) {
        int length = entry == 0 ? 0 : keys.valueLength(entry);
        long now = entry;
        if (entry == 0 || number + firstLength > length) {
            now = keys.extendValue(key, keyLength, Math.toIntExact(number + firstLength));
        }
        Memory.copy(first, keys.valueAddress(now) + number, firstLength);
        keys.written();
    }

    private void list(long entry) {
        lists.open(key, keyLength, entry);
        long count = lists.count();
        switch (step) {
            case LIST_FIRST -> lists.push(true, first, firstLength);
            case LIST_LAST -> lists.push(false, first, firstLength);
            case LIST_INSERT -> {
                if (number == 0 || number == count) {
                    lists.push(number == 0, first, firstLength);
                } else {
                    lists.seek(index(count));
                    lists.insert(number, true, first, firstLength);
                }
            }
            case LIST_SET -> lists.set(index(count), first, firstLength);
            case LIST_DROP_FIRST -> lists.drop(true, Math.min(number, count));
            case LIST_DROP_LAST -> lists.drop(false, Math.min(number, count));
            default -> {
                if (count > 0) {
                    lists.removeEqual(Math.abs(number), number < 0, first, firstLength);
                }
            }
        }
    }

    private long index(long count) {
        if (number < 0 || number >= count) {
            throw new IllegalStateException("a change of element " + number + " of a list of " + count);
        }
        return number;
    }

    private void hash(long entry) {
        hashes.open(key, keyLength, entry, step == Step.HASH_DUE ? number : 0);
        switch (step) {
            case HASH_PUT -> hashes.put(first, firstLength, second, secondLength, number);
            case HASH_EXPIRES -> {
                if (hashes.find(first, firstLength)) {
                    hashes.setExpiry(first, firstLength, number);
                }
            }
            case HASH_REMOVE -> hashes.remove(first, firstLength);
            default -> hashes.expireDue(Integer.MAX_VALUE);
        }
    }

    private void sortedSet(long entry) {
        sortedSets.open(key, keyLength, entry);
        switch (step) {
            case ZSET_PUT -> {
                double score = Double.longBitsToDouble(number);
                if (sortedSets.find(first, firstLength)) {
                    sortedSets.rescore(score, first, firstLength);
                } else {
                    sortedSets.add(score, first, firstLength);
                }
            }
            case ZSET_REMOVE -> {
                if (sortedSets.find(first, firstLength)) {
                    sortedSets.removeFound();
                }
            }
            default -> {
                long count = sortedSets.count();
                long removed = Memory.littleEndian(Memory.getLong(first));
                if (number < 0 || number + removed > count) {
                    throw new IllegalStateException("a change of ranks " + number + " to " + (number + removed)
                            + " of a sorted set of " + count);
                }
                sortedSets.removeRange(number, removed);
            }
        }
    }

    @Override
    public void close() {
        hashes.close();
        sets.close();
        lists.close();
        sortedSets.close();
        streams.close();
    }
}
