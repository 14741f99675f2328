package io.solaster.store.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stream.Streams;

/**
 * A list, set, sorted set or hash in the making: nobody sees it until a key is given it, at once and as a whole. So what
 * turns out to be wrong, or to need memory that there is not, has changed nothing. It may take several turns to be made.
 *
 * <p>
 * Its memory counts as used. What is put in must not lie in it. Whoever made it closes it, whether it was placed or not.
 * On the owning shard.
 */
public final class NewValue implements AutoCloseable {
    private static final int KEY = 9;
    private static final int WHICH = 8;

    private final Unplaced all;
    private final int type;
    /** Of the value, and of the pieces of memory that belong to it. */
    private long key = Memory.allocate(KEY);

    /** @param type the keyspace's number of it */
    public NewValue(Unplaced all, int type) {
        this.all = all;
        this.type = type;
        Memory.putLong(key, all.nextId());
        Memory.putByte(key + WHICH, (byte) 0);
    }

    private void open() {
        if (all.opened == this) {
            return;
        }
        long entry = entry();
        switch (type) {
            case Keyspace.TYPE_LIST -> all.lists.open(key, KEY, entry);
            case Keyspace.TYPE_SET -> all.sets.open(key, KEY, entry);
            case Keyspace.TYPE_ZSET -> all.sortedSets.open(key, KEY, entry);
            case Keyspace.TYPE_STREAM -> all.streams.open(key, KEY, entry);
            default -> all.hashes.open(key, KEY, entry, 0);
        }
        all.opened = this;
    }

    private long entry() {
        return all.aside.peek(key, KEY, 0);
    }

    /** Whether nothing was put in. */
    public boolean isEmpty() {
        return entry() == 0;
    }

    /** The stream, to be read and written; it is there once something was put in. */
    public Streams stream() {
        // It knows where nodes lie, which may have been moved since.
        all.streams.open(key, KEY, entry());
        all.opened = this;
        return all.streams;
    }

    /** Puts an element of a list behind the others. */
    public void push(long address, int length) {
        open();
        all.lists.push(false, address, length);
    }

    /** Adds a member of a set; whether it is new. */
    public boolean add(long address, int length) {
        open();
        return all.sets.add(address, length);
    }

    /** Adds a member of a sorted set; whether it is new. The score is no NaN. */
    public boolean add(double score, long address, int length) {
        open();
        if (all.sortedSets.find(address, length)) {
            return false;
        }
        all.sortedSets.add(score, address, length);
        return true;
    }

    /**
     * Puts a field of a hash; whether it is new.
     *
     * @param expires Unix milliseconds; 0 for never
     */
    public boolean put(long field, int length, long value, int itsLength, long expires) {
        open();
        return all.hashes.put(field, length, value, itsLength, expires);
    }

    /**
     * Memory that belongs to the value until it is closed, or asked for once more under the same number. Its address holds.
     *
     * @param which from 1 on
     */
    public long memory(int which, int bytes) {
        Memory.putByte(key + WHICH, (byte) which);
        try {
            return all.aside.valueAddress(all.aside.create(key, KEY, Keyspace.TYPE_STRING, bytes, 0));
        } finally {
            Memory.putByte(key + WHICH, (byte) 0);
        }
    }

    /** Gives memory back before the value is closed. */
    public void release(int which) {
        Memory.putByte(key + WHICH, (byte) which);
        all.aside.remove(key, KEY);
        Memory.putByte(key + WHICH, (byte) 0);
    }

    /**
     * Gives a key this value, which must not be empty, in place of whatever it held.
     *
     * @param expiry Unix milliseconds; 0 for never
     * @return the key's entry
     */
    public long place(long newKey, int keyLength, long expiry) {
        long entry = all.keys.take(entry(), newKey, keyLength, expiry);
        closed();
        return entry;
    }

    private void closed() {
        if (all.opened == this) {
            all.opened = null;
        }
    }

    /** What is left of it goes; of a large one later, a little at a time. May be called twice. */
    @Override
    public void close() {
        if (key == 0) {
            return;
        }
        closed();
        all.aside.remove(key, KEY);
        Memory.free(key);
        key = 0;
    }
}
