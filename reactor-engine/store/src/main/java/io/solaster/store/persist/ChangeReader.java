package io.solaster.store.persist;

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
final class ChangeReader extends ChangeParser implements AutoCloseable {
    private final Keyspace keys;
    private final Hashes hashes;
    private final Sets sets;
    private final Lists lists;
    private final SortedSets sortedSets;
    private final StreamSteps streams;

    /** @param table of the keyspace's hashes and sets */
    ChangeReader(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.hashes = new Hashes(keys, table);
        this.sets = new Sets(keys, table);
        this.lists = new Lists(keys);
        this.sortedSets = new SortedSets(keys, table);
        this.streams = new StreamSteps(keys);
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
