package io.solaster.store.collection;

import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Encodings;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.FieldNode;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.FieldTableType;
import io.solaster.store.type.Packed;

/**
 * The hashes of one keyspace. {@link #open} names one, and all other calls are about that one, till the next. A small hash
 * is {@link Packed}, each field before its value; one with more or longer fields than {@link Keyspace#encodings} says, or that ever had a field that expires, is a {@link FieldTable} and stays one.
 *
 * <p>
 * What is found is told by address and length, valid until the next call. Fields that have expired are as good as gone,
 * though {@link #count} counts those that are not yet removed. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because each call is a few lines, over the classes that do the work.
 */
public final class Hashes implements AutoCloseable {
    /** How often a field is drawn anew that has expired. */
    private static final int TRIES = 100;
    /** Of a small hash's value: the byte that says so. */
    private static final int HEAD = 1;

    private final Keyspace keys;
    private final FieldTable table;
    /** Room for a root record in the making, and for the digits of a field, of a value, and of a number to be put. */
    private long scratch = Memory.allocate(FieldTable.ROOT + 3 * Digits.LONGEST);

    private long key;
    private int keyLength;
    private long entry;
    private long now;
    private long at; // the next element on a walk through a small hash

    private long fieldAddress;
    private int fieldLength;
    private long valueAddress;
    private int valueLength;
    private long expiry;

    private final Scanned scanned = new Scanned();

    public Hashes(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.table = table;
    }

    /**
     * Says which hash the calls to come are about.
     *
     * @param newEntry the key's entry, which is a hash; 0 if there is none yet
     * @param newNow Unix milliseconds
     */
    public void open(long newKey, int newKeyLength, long newEntry, long newNow) {
        key = newKey;
        keyLength = newKeyLength;
        entry = newEntry;
        now = newNow;
    }

    /** Whether there is such a hash, still. */
    public boolean exists() {
        return entry != 0;
    }

    private long root() {
        return keys.valueAddress(entry);
    }

    private long packed() {
        return keys.valueAddress(entry) + HEAD;
    }

    /** Whether the hash is a table. */
    public boolean isTable() {
        return isTable(root());
    }

    /** Whether a hash's value is a table. */
    public static boolean isTable(long value) {
        return Memory.getByte(value) != ValueType.PACKED;
    }

    /** How many fields it has. */
    public long count() {
        if (entry == 0) {
            return 0;
        }
        return isTable() ? FieldTable.count(root()) : Packed.count(packed()) / 2;
    }

    // ---- what was found

    public long fieldAddress() {
        return fieldAddress;
    }

    public int fieldLength() {
        return fieldLength;
    }

    public long valueAddress() {
        return valueAddress;
    }

    public int valueLength() {
        return valueLength;
    }

    /** Unix milliseconds; 0 for never. */
    public long expiry() {
        return expiry;
    }

    private boolean isDue(long node) {
        long its = FieldNode.expiry(node);
        return its != 0 && its < now;
    }

    private void foundNode(long node) {
        fieldAddress = FieldNode.fieldAddress(node);
        fieldLength = FieldNode.fieldLength(node);
        valueAddress = FieldNode.valueAddress(node);
        valueLength = FieldNode.valueLength(node);
        expiry = FieldNode.expiry(node);
    }

    private void foundField(long element) {
        fieldLength = Packed.length(element);
        fieldAddress = bytesOf(element, fieldLength, scratch + FieldTable.ROOT);
    }

    private void foundValue(long element) {
        valueLength = Packed.length(element);
        valueAddress = bytesOf(element, valueLength, scratch + FieldTable.ROOT + Digits.LONGEST);
        expiry = 0;
    }

    private static long bytesOf(long element, int length, long digits) {
        if (!Packed.isNumber(element)) {
            return Packed.address(element);
        }
        Digits.write(Packed.number(element), digits, length);
        return digits;
    }

    // ---- reading

    /** Whether the hash has a field; then its value and expiry are told. */
    public boolean find(long field, int length) {
        if (entry == 0) {
            return false;
        }
        if (isTable()) {
            long node = table.find(root(), field, length);
            if (node == 0 || isDue(node)) {
                return false;
            }
            foundNode(node);
            return true;
        }
        long element = Packed.find(packed(), Packed.first(packed()), field, length, 2);
        if (element == 0) {
            return false;
        }
        foundValue(Packed.next(element));
        return true;
    }

    /** Begins a walk over all fields: a small hash's in the order in which they came. */
    public void begin() {
        if (isTable()) {
            table.begin();
        } else {
            at = Packed.first(packed());
        }
    }

    /** Goes to the next field on the walk and tells it; false at the end. Nothing may be written meanwhile. */
    public boolean next() {
        if (isTable()) {
            long node = table.next(root());
            while (node != 0 && isDue(node)) {
                node = table.next(root());
            }
            if (node != 0) {
                foundNode(node);
            }
            return node != 0;
        }
        if (at == Packed.end(packed())) {
            return false;
        }
        foundField(at);
        at = Packed.next(at);
        foundValue(at);
        at = Packed.next(at);
        return true;
    }

    /**
     * Tells any field, each as likely as the others; false if there is none that has not expired. Where most have, all of
     * those are removed.
     */
    public boolean random(RandomGenerator random) {
        if (entry == 0) {
            return false;
        }
        if (!isTable()) {
            at = Packed.at(packed(), 2 * random.nextInt(Packed.count(packed()) / 2));
            return next();
        }
        for (int tries = 0; tries < TRIES; tries++) {
            long node = table.random(root(), random);
            if (!isDue(node)) {
                foundNode(node);
                return true;
            }
        }
        // Hardly any is left: what has expired goes, once, as who draws a million would pass over it a million times.
        expireDue(Integer.MAX_VALUE);
        if (entry != 0) {
            foundNode(table.random(root(), random));
        }
        return entry != 0;
    }

    /**
     * Finds a few fields of a table, which {@link #scanned} tells; a small hash is walked through instead.
     *
     * @param wanted how many, about
     * @return the cursor to go on with, or 0 at the end
     * @see FieldTable#scan
     */
    public long scan(long cursor, long wanted) {
        return scanned.scan(table, root(), cursor, wanted);
    }

    /** Tells the next field that the last scan found; false at the end. Nothing may be written meanwhile. */
    public boolean scanned() {
        long node = scanned.next();
        while (node != 0 && isDue(node)) {
            node = scanned.next();
        }
        if (node != 0) {
            foundNode(node);
        }
        return node != 0;
    }

    /** Has {@link #scanned} tell once more what was found. */
    public void scannedAgain() {
        scanned.again();
    }

    /**
     * Chooses different fields, each as likely as the others; {@link #scanned} tells them.
     *
     * @param wanted how many: less than {@link #count}; fewer are told where some have expired
     */
    public void choose(int wanted, RandomGenerator random) {
        scanned.choose(table, root(), wanted, random);
    }

    // ---- writing

    /**
     * Gives a field a value.
     *
     * @param expires Unix milliseconds; 0 for never
     * @return whether the field is new
     */
    public boolean put(long field, int length, long value, int itsLength, long expires) {
        Effects effects = keys.effects();
        boolean added = store(field, length, value, itsLength, expires);
        if (effects != null) {
            effects.changed(Step.HASH_PUT, key, keyLength, expires, field, length, value, itsLength);
            keys.told();
        }
        return added;
    }

    private boolean store(long field, int length, long value, int itsLength, long expires) {
        Encodings sizes = keys.encodings();
        int longest = sizes.longestField();
        boolean small = length <= longest && itsLength <= longest && expires == 0;
        if (entry == 0 && small && sizes.mostFields() > 0) {
            int bytes = HEAD + Packed.HEADER + Packed.size(field, length) + Packed.size(value, itsLength);
            entry = keys.create(key, keyLength, Keyspace.TYPE_HASH, bytes, 0);
            Memory.putByte(root(), ValueType.PACKED);
            Packed.clear(packed());
            append(field, length, value, itsLength);
            return true;
        }
        if (entry == 0) {
            createTable(field, length, value, itsLength, expires);
            return true;
        }
        if (!isTable()) {
            long packed = packed();
            long element = Packed.find(packed, Packed.first(packed), field, length, 2);
            if (small && (element != 0 || Packed.count(packed) < 2 * sizes.mostFields())) {
                if (element != 0) {
                    replace(Packed.next(element), value, itsLength);
                } else {
                    resize(Packed.bytes(packed) + Packed.size(field, length) + Packed.size(value, itsLength));
                    append(field, length, value, itsLength);
                }
                return element == 0;
            }
            toTable();
        }
        boolean due = false;
        if (FieldTable.expiring(root()) != 0) {
            long node = table.find(root(), field, length);
            due = node != 0 && isDue(node);
        }
        return table.put(root(), field, length, value, itsLength, expires) || due;
    }

    /** As {@link #put}, of the digits of a number. */
    public boolean putNumber(long field, int length, long number, long expires) {
        long digits = scratch + FieldTable.ROOT + 2 * Digits.LONGEST;
        int itsLength = Digits.length(number);
        Digits.write(number, digits, itsLength);
        return put(field, length, digits, itsLength, expires);
    }

    private void append(long field, int length, long value, int itsLength) {
        long end = Packed.insert(packed(), Packed.end(packed()), field, length);
        Packed.insert(packed(), end, value, itsLength);
    }

    private void replace(long element, long value, int itsLength) {
        int more = Packed.size(value, itsLength) - Packed.size(element);
        long offset = element - packed();
        int bytes = Packed.bytes(packed());
        if (more > 0) {
            resize(bytes + more);
        }
        Packed.replace(packed(), packed() + offset, value, itsLength);
        if (more < 0) {
            shrink();
        }
    }

    /** Gives back what the fields no longer need. */
    private void shrink() {
        resize(Packed.bytes(packed()));
    }

    private void resize(int bytes) {
        entry = keys.resizeValue(key, keyLength, HEAD + bytes);
    }

    private void createTable(long field, int length, long value, int itsLength, long expires) {
        table.create(scratch);
        Memory.putByte(scratch, FieldTableType.TABLE);
        try {
            table.put(scratch, field, length, value, itsLength, expires);
            entry = keys.create(key, keyLength, Keyspace.TYPE_HASH, FieldTable.ROOT, 0);
        } catch (OutOfMemoryError e) {
            table.free(scratch, Integer.MAX_VALUE);
            throw e;
        }
        Memory.copy(scratch, root(), FieldTable.ROOT);
    }

    private void toTable() {
        table.create(scratch);
        Memory.putByte(scratch, FieldTableType.TABLE);
        try {
            begin();
            while (next()) {
                table.put(scratch, fieldAddress, fieldLength, valueAddress, valueLength, 0);
            }
            entry = keys.resizeValue(key, keyLength, FieldTable.ROOT);
        } catch (OutOfMemoryError e) {
            table.free(scratch, Integer.MAX_VALUE);
            throw e;
        }
        Memory.copy(scratch, root(), FieldTable.ROOT);
    }

    /**
     * Sets when a field expires that is there.
     *
     * @param expires Unix milliseconds; 0 for never
     */
    public void setExpiry(long field, int length, long expires) {
        Effects effects = keys.effects();
        if (!isTable()) {
            if (expires == 0) {
                return;
            }
            toTable();
        }
        table.setExpiry(root(), field, length, expires);
        if (effects != null) {
            effects.changed(Step.HASH_EXPIRES, key, keyLength, expires, field, length, 0, 0);
            keys.told();
        }
    }

    /** Whether the field was there; it no longer is. With its last field goes the key. */
    public boolean remove(long field, int length) {
        if (entry == 0) {
            return false;
        }
        Effects effects = keys.effects();
        if (effects == null || !has(field, length)) {
            return take(field, length);
        }
        // Before, since the field may lie in the hash.
        effects.changed(Step.HASH_REMOVE, key, keyLength, 0, field, length, 0, 0);
        boolean removed = take(field, length);
        keys.told();
        return removed;
    }

    /** Whether there is such a field, due or not. */
    private boolean has(long field, int length) {
        return isTable()
                ? table.find(root(), field, length) != 0
                : Packed.find(packed(), Packed.first(packed()), field, length, 2) != 0;
    }

    private boolean take(long field, int length) {
        if (isTable()) {
            boolean due = false;
            if (FieldTable.expiring(root()) != 0) {
                long node = table.find(root(), field, length);
                due = node != 0 && isDue(node);
            }
            boolean removed = table.remove(root(), field, length);
            removeIfEmpty();
            return removed && !due;
        }
        long packed = packed();
        long element = Packed.find(packed, Packed.first(packed), field, length, 2);
        if (element == 0) {
            return false;
        }
        Packed.remove(packed, element, Packed.next(Packed.next(element)), 2);
        if (!removeIfEmpty()) {
            shrink();
        }
        return true;
    }

    /**
     * Removes fields that have expired, and with the last field the key.
     *
     * @param steps fields to look at, give or take a few
     */
    public void expireDue(int steps) {
        if (entry == 0 || earliestExpiry(root()) >= now) {
            return;
        }
        keys.beginWrite(entry);
        Effects effects = keys.effects();
        if (table.expireDue(root(), now, steps) != 0) {
            if (effects != null) {
                effects.changed(Step.HASH_DUE, key, keyLength, now, 0, 0, 0, 0);
                keys.told();
            }
            removeIfEmpty();
            keys.written();
        }
    }

    /** Whether some of the fields expire. */
    public boolean isExpiring() {
        return entry != 0 && earliestExpiry(root()) != Long.MAX_VALUE;
    }

    /** Whether fields may have expired that were not removed. */
    public boolean hasDue() {
        return entry != 0 && earliestExpiry(root()) < now;
    }

    private boolean removeIfEmpty() {
        if (count() != 0) {
            return false;
        }
        keys.remove(key, keyLength);
        entry = 0;
        return true;
    }

    /** A time before which no field of a hash expires; {@link Long#MAX_VALUE} if none does. */
    public static long earliestExpiry(long value) {
        return isTable(value) ? FieldTable.earliestExpiry(value) : Long.MAX_VALUE;
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(scratch);
        scratch = 0;
    }
}
