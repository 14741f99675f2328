package io.solaster.store.collection;

import java.util.random.RandomGenerator;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.Decimal;
import io.solaster.store.type.FieldNode;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.FieldTableType;
import io.solaster.store.type.IntSet;
import io.solaster.store.type.Packed;

/**
 * The sets of one keyspace. {@link #open} names one, and all other calls are about that one, till the next. A set of at most
 * some whole numbers is an {@link IntSet}; one of at most some members, none of them long, is {@link Packed}; any other is a
 * {@link FieldTable}, and stays one. How many and how long says {@link Keyspace#encodings}.
 *
 * <p>
 * A member that is found is told by address and length, valid until the next call. On the owning shard.
 */
public final class Sets implements AutoCloseable {
    /** Of a small set's value: the byte that says so, and the form: {@link #PACKED}, or how wide its numbers are. */
    private static final int HEAD = 2;
    private static final int PACKED = 1;

    private final Keyspace keys;
    private final FieldTable table;
    /** Room for a root record in the making, and for the digits of a member. */
    private long scratch = Memory.allocate(FieldTable.ROOT + Digits.LONGEST);

    private long key;
    private int keyLength;
    private long entry;
    private long at; // the next element on a walk through a small set
    private int index; // and the index of the next number

    private long address;
    private int length;

    private final Scanned scanned = new Scanned();

    public Sets(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.table = table;
    }

    /**
     * Says which set the calls to come are about.
     *
     * @param newEntry the key's entry, which is a set; 0 if there is none yet
     */
    public void open(long newKey, int newKeyLength, long newEntry) {
        key = newKey;
        keyLength = newKeyLength;
        entry = newEntry;
    }

    /** Whether there is such a set, still. */
    public boolean exists() {
        return entry != 0;
    }

    private long root() {
        return keys.valueAddress(entry);
    }

    private long content() {
        return keys.valueAddress(entry) + HEAD;
    }

    /** Whether a set's value is a table. */
    public static boolean isTable(long value) {
        return Memory.getByte(value) != ValueType.PACKED;
    }

    /** Whether a set's value is numbers, with nothing around them. */
    public static boolean isNumbers(long value) {
        return !isTable(value) && Memory.getByte(value + 1) != PACKED;
    }

    private int width() {
        return Memory.getByte(root() + 1);
    }

    private int numbers() {
        return (keys.valueLength(entry) - HEAD) / width();
    }

    /** Whether the set is a table. */
    public boolean isTable() {
        return isTable(root());
    }

    /** How many members it has. */
    public long count() {
        if (entry == 0) {
            return 0;
        }
        long value = root();
        return isTable(value)
                ? FieldTable.count(value)
                : isNumbers(value) ? numbers() : Packed.count(value + HEAD);
    }

    // ---- what was found

    public long address() {
        return address;
    }

    public int length() {
        return length;
    }

    private void foundNumber(long number) {
        length = Digits.length(number);
        address = scratch + FieldTable.ROOT;
        Digits.write(number, address, length);
    }

    private void foundNode(long node) {
        address = FieldNode.fieldAddress(node);
        length = FieldNode.fieldLength(node);
    }

    private void foundElement(long element) {
        if (Packed.isNumber(element)) {
            foundNumber(Packed.number(element));
        } else {
            address = Packed.address(element);
            length = Packed.length(element);
        }
    }

    // ---- reading

    /** Whether the set has a member. */
    public boolean contains(long member, int itsLength) {
        if (entry == 0) {
            return false;
        }
        long value = root();
        if (isTable(value)) {
            return table.find(value, member, itsLength) != 0;
        }
        if (isNumbers(value)) {
            return Decimal.isLong(member, itsLength)
                    && IntSet.find(content(), width(), numbers(), Decimal.parse(member, itsLength)) >= 0;
        }
        return Packed.find(content(), Packed.first(content()), member, itsLength, 1) != 0;
    }

    /** Begins a walk over all members: numbers in ascending order. */
    public void begin() {
        index = 0;
        if (isTable()) {
            table.begin();
        } else {
            at = Packed.first(content());
        }
    }

    /** Goes to the next member on the walk and tells it; false at the end. Nothing may be written meanwhile. */
    public boolean next() {
        long value = root();
        if (isTable(value)) {
            long node = table.next(value);
            if (node != 0) {
                foundNode(node);
            }
            return node != 0;
        }
        if (isNumbers(value)) {
            if (index == numbers()) {
                return false;
            }
            foundNumber(IntSet.get(content(), width(), index++));
            return true;
        }
        if (at == Packed.end(content())) {
            return false;
        }
        foundElement(at);
        at = Packed.next(at);
        return true;
    }

    /** Tells any member, each as likely as the others; there must be one. */
    public void random(RandomGenerator random) {
        long value = root();
        if (isTable(value)) {
            foundNode(table.random(value, random));
        } else if (isNumbers(value)) {
            foundNumber(IntSet.get(content(), width(), random.nextInt(numbers())));
        } else {
            foundElement(Packed.at(content(), random.nextInt(Packed.count(content()))));
        }
    }

    /**
     * Finds a few members of a table, which {@link #scanned} tells; a small set is walked through instead.
     *
     * @param wanted how many, about
     * @return the cursor to go on with, or 0 at the end
     * @see FieldTable#scan
     */
    public long scan(long cursor, long wanted) {
        return scanned.scan(table, root(), cursor, wanted);
    }

    /** Tells the next member that the last scan found; false at the end. Nothing may be written meanwhile. */
    public boolean scanned() {
        long node = scanned.next();
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
     * Chooses different members of a table, each as likely as the others; {@link #scanned} tells them.
     *
     * @param wanted how many: less than there are
     */
    public void choose(int wanted, RandomGenerator random) {
        scanned.choose(table, root(), wanted, random);
    }

    // ---- writing

    /** Adds a member; whether it is new. It must not lie in the set. */
    public boolean add(long member, int itsLength) {
        Effects effects = keys.effects();
        boolean added = put(member, itsLength);
        if (effects != null && added) {
            effects.changed(Step.SET_ADD, key, keyLength, 0, member, itsLength, 0, 0);
            keys.told();
        }
        return added;
    }

    private boolean put(long member, int itsLength) {
        boolean number = Decimal.isLong(member, itsLength);
        if (entry == 0) {
            create(member, itsLength, number);
            return true;
        }
        if (isNumbers(root())) {
            if (number) {
                return addNumber(member, itsLength);
            }
            if (itsLength <= keys.encodings().longestMember() && numbers() < keys.encodings().mostMembers()) {
                toPacked();
            } else {
                toTable();
            }
        }
        if (!isTable()) {
            if (Packed.find(content(), Packed.first(content()), member, itsLength, 1) != 0) {
                return false;
            }
            if (itsLength <= keys.encodings().longestMember()
                    && Packed.count(content()) < keys.encodings().mostMembers()) {
                resize(HEAD + Packed.bytes(content()) + Packed.size(member, itsLength));
                Packed.insert(content(), Packed.end(content()), member, itsLength);
                return true;
            }
            toTable();
        }
        return table.put(root(), member, itsLength, 0, FieldNode.NO_VALUE, 0);
    }

    private void create(long member, int itsLength, boolean number) {
        if (number && keys.encodings().mostNumbers() > 0) {
            long value = Decimal.parse(member, itsLength);
            int width = IntSet.width(value);
            entry = keys.create(key, keyLength, Keyspace.TYPE_SET, HEAD + width, 0);
            head(width);
            IntSet.insert(content(), width, 0, 0, value);
        } else if (itsLength <= keys.encodings().longestMember() && keys.encodings().mostMembers() > 0) {
            entry = keys.create(key, keyLength, Keyspace.TYPE_SET,
                    HEAD + Packed.HEADER + Packed.size(member, itsLength), 0);
            head(PACKED);
            Packed.clear(content());
            Packed.insert(content(), Packed.end(content()), member, itsLength);
        } else {
            newTable();
            try {
                table.put(scratch, member, itsLength, 0, FieldNode.NO_VALUE, 0);
                entry = keys.create(key, keyLength, Keyspace.TYPE_SET, FieldTable.ROOT, 0);
            } catch (OutOfMemoryError e) {
                table.free(scratch, Integer.MAX_VALUE);
                throw e;
            }
            Memory.copy(scratch, root(), FieldTable.ROOT);
        }
    }

    private void head(int form) {
        Memory.putByte(root(), ValueType.PACKED);
        Memory.putByte(root() + 1, (byte) form);
    }

    private void resize(int bytes) {
        entry = keys.resizeValue(key, keyLength, bytes);
    }

    private boolean addNumber(long member, int itsLength) {
        long value = Decimal.parse(member, itsLength);
        int count = numbers();
        int width = width();
        int where = IntSet.find(content(), width, count, value);
        if (where >= 0) {
            return false;
        }
        if (count >= keys.encodings().mostNumbers()) {
            toTable();
            return table.put(root(), member, itsLength, 0, FieldNode.NO_VALUE, 0);
        }
        int wider = Math.max(width, IntSet.width(value));
        resize(HEAD + (count + 1) * wider);
        IntSet.widen(content(), width, wider, count);
        head(wider);
        IntSet.insert(content(), wider, count, -where - 1, value);
        return true;
    }

    private void toPacked() {
        int count = numbers();
        long packed = Memory.allocate(Packed.HEADER + (long) count * Packed.numberSize(Long.MAX_VALUE));
        try {
            Packed.clear(packed);
            for (int i = 0; i < count; i++) {
                Packed.insertNumber(packed, Packed.end(packed), IntSet.get(content(), width(), i));
            }
            resize(HEAD + Packed.bytes(packed));
            Memory.copy(packed, content(), Packed.bytes(packed));
        } finally {
            Memory.free(packed);
        }
        head(PACKED);
    }

    private void newTable() {
        table.create(scratch);
        Memory.putByte(scratch, FieldTableType.TABLE);
    }

    private void toTable() {
        newTable();
        try {
            begin();
            while (next()) {
                table.put(scratch, address, length, 0, FieldNode.NO_VALUE, 0);
            }
            entry = keys.resizeValue(key, keyLength, FieldTable.ROOT);
        } catch (OutOfMemoryError e) {
            table.free(scratch, Integer.MAX_VALUE);
            throw e;
        }
        Memory.copy(scratch, root(), FieldTable.ROOT);
    }

    /** Whether the member was there; it no longer is. With its last member goes the key. */
    public boolean remove(long member, int itsLength) {
        if (entry == 0) {
            return false;
        }
        Effects effects = keys.effects();
        if (effects == null) {
            return take(member, itsLength);
        }
        if (!contains(member, itsLength)) {
            return false;
        }
        // Before, since the member may lie in the set.
        effects.changed(Step.SET_REMOVE, key, keyLength, 0, member, itsLength, 0, 0);
        boolean removed = take(member, itsLength);
        keys.told();
        return removed;
    }

    private boolean take(long member, int itsLength) {
        if (isTable()) {
            boolean removed = table.remove(root(), member, itsLength);
            removeIfEmpty();
            return removed;
        }
        if (isNumbers(root())) {
            int count = numbers();
            int where = Decimal.isLong(member, itsLength)
                    ? IntSet.find(content(), width(), count, Decimal.parse(member, itsLength))
                    : -1;
            if (where < 0) {
                return false;
            }
            if (count == 1) {
                removeKey();
            } else {
                IntSet.remove(content(), width(), count, where);
                resize(HEAD + (count - 1) * width());
            }
            return true;
        }
        long element = Packed.find(content(), Packed.first(content()), member, itsLength, 1);
        if (element == 0) {
            return false;
        }
        Packed.remove(content(), element);
        if (!removeIfEmpty()) {
            resize(HEAD + Packed.bytes(content()));
        }
        return true;
    }

    private boolean removeIfEmpty() {
        if (count() != 0) {
            return false;
        }
        removeKey();
        return true;
    }

    /** Removes the whole set. */
    public void removeKey() {
        keys.remove(key, keyLength);
        entry = 0;
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(scratch);
        scratch = 0;
    }
}
