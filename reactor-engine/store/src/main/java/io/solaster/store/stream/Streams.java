package io.solaster.store.stream;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one keyspace. {@link #open} names one, and all other calls are about that one, till the next. An entry is found
 * by a call that seeks, and from there {@link #next} and {@link #previous} lead on. A change ends that. A stream is there from the
 * first entry, or group, on, and stays when it has none any more. Ids are unsigned. What is put in must not lie in the keyspace. On
 * the owning shard.
 *
 * <p>
 * Fields are told to {@link #append} as a number of pairs, and then each name and each value, with its length before it: numbers
 * as {@link #putNumber} writes them.
 *
 * <p>
 * Longer than 500 lines because each call is a few lines, over the blocks and their index.
 */
public final class Streams implements AutoCloseable {
    /** Entries of a block, and its bytes, unless it has one entry. */
    private static final int MOST_BYTES = 4032;
    private static final int SMALL = 256;
    /** Ids that are told in one change. */
    private static final int STATE = 40;

    private final Keyspace keys;
    final StreamMemory memory;
    private final IdTree blocks;
    private final Groups groups;
    long scratch = Memory.allocate(64);

    private long key;
    private int keyLength;
    private long entry;

    // The entry that was found.
    private long block;
    private int at;
    private long ms;
    private long seq;
    private int[] offsets = new int[128];
    private boolean blockAt;
    private int offset = -1; // of the block's offsets that are known; -1 for none

    // The field that was found.
    private boolean same;
    private long name;
    private long value;
    private int nameLength;
    private int valueLength;

    public Streams(Keyspace keys) {
        this.keys = keys;
        memory = new StreamMemory(keys.nodes());
        blocks = new IdTree(memory);
        groups = new Groups(this);
    }

    /** The groups of the stream that is open. */
    public Groups groups() {
        return groups;
    }

    /**
     * Says which stream the calls to come are about.
     *
     * @param newEntry the key's entry, which is a stream; 0 if there is none yet
     */
    public void open(long newKey, int newKeyLength, long newEntry) {
        key = newKey;
        keyLength = newKeyLength;
        entry = newEntry;
        if (entry != 0) {
            opened();
        }
    }

    private void opened() {
        long head = head();
        memory.open(keys.nodes(), head + StreamHead.BYTES_USED);
        blocks.open(head + StreamHead.BLOCKS, Long.BYTES);
    }

    long head() {
        return StreamHead.head(keys.valueAddress(entry));
    }

    /** Whether the stream is there. */
    public boolean exists() {
        return entry != 0;
    }

    /** Entries. */
    public long length() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.LENGTH);
    }

    /** The id that was last given; 0-0 for none. */
    public long lastMs() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.LAST);
    }

    public long lastSeq() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.LAST + 8);
    }

    /** The highest id that was deleted; 0-0 for none. */
    public long deletedMs() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.DELETED);
    }

    public long deletedSeq() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.DELETED + 8);
    }

    /** How many entries were ever added. */
    public long added() {
        return entry == 0 ? 0 : Memory.getLong(head() + StreamHead.ADDED);
    }

    /** How many blocks the entries are in. */
    public long blockCount() {
        return entry == 0 ? 0 : IdTree.count(head() + StreamHead.BLOCKS);
    }

    /** Compares two ids. */
    public static int compare(long ms, long seq, long otherMs, long otherSeq) {
        return IdTree.compare(ms, seq, otherMs, otherSeq);
    }

    /** Bytes of a number that a field's length, or how many there are, is told as. */
    public static int numberBytes(long number) {
        return Block.numberBytes(number);
    }

    /** Writes such a number; where it ends. */
    public static long putNumber(long address, long number) {
        return Block.putNumber(address, number);
    }

    // ---- finding

    /** Goes to the first entry whose id is not below; false if there is none. */
    public boolean seekFrom(long fromMs, long fromSeq) {
        offset = -1;
        if (entry == 0) {
            return false;
        }
        if (!blocks.seekTo(fromMs, fromSeq) && !blocks.first()) {
            return false;
        }
        enter(false);
        while (compare(ms, seq, fromMs, fromSeq) < 0) {
            if (!next()) {
                return false;
            }
        }
        return true;
    }

    /** Goes to the last entry whose id is not above; false if there is none. */
    public boolean seekTo(long toMs, long toSeq) {
        offset = -1;
        if (entry == 0 || !blocks.seekTo(toMs, toSeq)) {
            return false;
        }
        enter(true);
        while (compare(ms, seq, toMs, toSeq) > 0) {
            if (!previous()) {
                return false;
            }
        }
        return true;
    }

    /** Goes to an entry; whether it is there. */
    public boolean find(long itsMs, long itsSeq) {
        return seekFrom(itsMs, itsSeq) && ms == itsMs && seq == itsSeq;
    }

    private void enter(boolean last) {
        block = Memory.getLong(blocks.value());
        at = Block.first(block);
        offset = -1;
        if (last) {
            measure();
            offset = Block.count(block) - 1;
            at = offsets[offset];
        }
        read();
    }

    /** Notes where the entries of the block are. */
    private void measure() {
        int count = Block.count(block);
        if (offsets.length < count) {
            offsets = new int[2 * count];
        }
        int each = Block.first(block);
        for (int i = 0; i < count; i++) {
            offsets[i] = each;
            each += Block.entryLength(block, each);
        }
    }

    private void read() {
        ms = Block.ms(block, at);
        seq = Block.seq(block, at);
    }

    /** Goes to the next entry; false if there is none. */
    public boolean next() {
        if (offset >= 0) {
            offset++;
        }
        at += Block.entryLength(block, at);
        if (at >= Block.used(block)) {
            if (!blocks.next()) {
                return false;
            }
            enter(false);
            return true;
        }
        read();
        return true;
    }

    /** Goes to the entry before; false if there is none. */
    public boolean previous() {
        if (offset < 0) {
            measure();
            offset = Arrays.binarySearch(offsets, 0, Block.count(block), at);
        }
        if (--offset < 0) {
            if (!blocks.previous()) {
                return false;
            }
            enter(true);
            return true;
        }
        at = offsets[offset];
        read();
        return true;
    }

    /** How many entries a range has, of so many at most. Looks at entries of its first and its last block only. */
    public long count(long fromMs, long fromSeq, long toMs, long toSeq, long most) {
        if (most <= 0 || !seekFrom(fromMs, fromSeq)) {
            return 0;
        }
        long count = 0;
        long its = block;
        int from = at;
        // All of a block is below the first id that the next one was begun with.
        while (count < most && blocks.next() && compare(blocks.ms(), blocks.seq(), toMs, toSeq) <= 0) {
            count += entries(its, from, -1, -1);
            its = Memory.getLong(blocks.value());
            from = Block.first(its);
        }
        return Math.min(most, count < most ? count + entries(its, from, toMs, toSeq) : count);
    }

    /** How many entries of a block there are from a place on that are not above an id. */
    private static int entries(long its, int from, long toMs, long toSeq) {
        if (from == Block.first(its) && toMs == -1 && toSeq == -1) {
            return Block.count(its);
        }
        int count = 0;
        for (int each = from; each < Block.used(its)
                && compare(Block.ms(its, each), Block.seq(its, each), toMs, toSeq) <= 0; each += Block
                        .entryLength(its, each)) {
            count++;
        }
        return count;
    }

    /** Whether the entry that was found is the first of its block: about a hundred have one together. */
    public boolean isFirstOfBlock() {
        return at == Block.first(block);
    }

    // ---- the entry that was found

    public long ms() {
        return ms;
    }

    public long seq() {
        return seq;
    }

    /** How many fields it has; {@link #nextField} goes through them. */
    public int fields() {
        same = Block.isSame(block, at);
        long fields = Block.fields(block, at);
        long names = same ? Block.names(block) : fields;
        name = Block.behindNumber(names);
        nameLength = 0;
        value = same ? fields : 0;
        valueLength = 0;
        return (int) Block.number(names);
    }

    /** Goes to the next field, which there must be. */
    public void nextField() {
        long its = name + nameLength;
        if (!same && value != 0) {
            its = value + valueLength;
        }
        nameLength = (int) Block.number(its);
        name = Block.behindNumber(its);
        long itsValue = same ? value + valueLength : name + nameLength;
        valueLength = (int) Block.number(itsValue);
        value = Block.behindNumber(itsValue);
    }

    public long nameAddress() {
        return name;
    }

    public int nameLength() {
        return nameLength;
    }

    public long valueAddress() {
        return value;
    }

    public int valueLength() {
        return valueLength;
    }

    // ---- changes

    @Nullable
    Effects effects() {
        return keys.effects();
    }

    void tell(@Nullable Effects effects, Step step, long number, long first, int firstLength, long second,
            int secondLength) {
        if (effects != null) {
            effects.changed(step, key, keyLength, number, first, firstLength, second, secondLength);
            keys.told();
        }
    }

    /** Makes an empty stream, where there is none. */
    void create() {
        if (entry != 0) {
            return;
        }
        memory.open(keys.nodes(), 0);
        long head = memory.allocate(StreamHead.HEAD_BYTES);
        Memory.fill(head, StreamHead.HEAD_BYTES, (byte) 0);
        Memory.putLong(head, memory.room(head, StreamHead.HEAD_BYTES));
        try {
            entry = keys.create(key, keyLength, Keyspace.TYPE_STREAM, StreamHead.ROOT, 0);
        } catch (OutOfMemoryError e) {
            memory.free(head, StreamHead.HEAD_BYTES);
            throw e;
        }
        long root = keys.valueAddress(entry);
        Memory.fill(root, StreamHead.ROOT, (byte) 0);
        Memory.putByte(root, (byte) 1);
        Memory.putLong(root + 8, head);
        opened();
    }

    private static void id(long address, long idMs, long idSeq) {
        Memory.putLong(address, idMs);
        Memory.putLong(address + 8, idSeq);
    }

    /** Appends an entry; its id is above the last one. */
    public void append(long newMs, long newSeq, long fields, int fieldsLength) {
        Effects effects = effects();
        boolean made = entry == 0;
        create();
        try {
            put(newMs, newSeq, fields, fieldsLength);
        } catch (OutOfMemoryError e) {
            if (made) {
                remove();
            }
            throw e;
        }
        long head = head();
        id(head + StreamHead.LAST, newMs, newSeq);
        Memory.putLong(head + StreamHead.ADDED, added() + 1);
        id(scratch, Memory.littleEndian(newMs), Memory.littleEndian(newSeq));
        tell(effects, Step.STREAM_ADD, 0, scratch, 16, fields, fieldsLength);
    }

    private void remove() {
        keys.remove(key, keyLength);
        entry = 0;
    }

    private void put(long newMs, long newSeq, long fields, int fieldsLength) {
        int mostBytes = keys.encodings().blockBytes(MOST_BYTES);
        int mostEntries = keys.encodings().blockEntries();
        long needed = Block.most(fieldsLength);
        offset = -1;
        long last = blocks.last() ? Memory.getLong(blocks.value()) : 0;
        if (last != 0 && Block.used(last) + needed < mostBytes && Block.count(last) < mostEntries) {
            if (Block.used(last) + needed > Block.room(last)) {
                last = grow(last, Block.used(last) + needed);
            }
            Block.append(last, newMs, newSeq, fields, fieldsLength);
        } else {
            long bytes = Math.max(SMALL, Block.bytesFor(fields, fieldsLength));
            if (last != 0 && 2 * bytes < mostBytes) {
                // Others will follow.
                bytes = Math.max(bytes, Math.min(mostBytes, Block.used(last)));
            }
            long made = memory.allocate(bytes);
            Block.begin(made, memory.room(made, bytes), newMs, newSeq, fields);
            Block.append(made, newMs, newSeq, fields, fieldsLength);
            try {
                blocks.insert(newMs, newSeq);
            } catch (OutOfMemoryError e) {
                memory.free(made, Block.room(made));
                throw e;
            }
            Memory.putLong(blocks.value(), made);
        }
        long head = head();
        Memory.putLong(head + StreamHead.LENGTH, length() + 1);
    }

    /** Gives the last block, which was found, more room. */
    private long grow(long old, long needed) {
        long bytes = Math.max(needed, Math.min(MOST_BYTES, 2L * Block.room(old)));
        long larger = memory.allocate(bytes);
        Memory.copy(old, larger, Block.used(old));
        Block.room(larger, memory.room(larger, bytes));
        memory.free(old, Block.room(old));
        Memory.putLong(blocks.value(), larger);
        return larger;
    }

    /** Deletes an entry; whether it was there. */
    public boolean delete(long itsMs, long itsSeq) {
        if (!find(itsMs, itsSeq)) {
            return false;
        }
        Effects effects = effects();
        long head = head();
        Memory.putLong(head + StreamHead.LENGTH, length() - 1);
        if (compare(itsMs, itsSeq, deletedMs(), deletedSeq()) > 0) {
            id(head + StreamHead.DELETED, itsMs, itsSeq);
        }
        if (Block.count(block) == 1) {
            drop(block);
        } else {
            Block.remove(block, at, at + Block.entryLength(block, at), 1);
        }
        id(scratch, Memory.littleEndian(itsMs), Memory.littleEndian(itsSeq));
        tell(effects, Step.STREAM_REMOVE, 0, scratch, 16, 0, 0);
        return true;
    }

    /** Frees the block of the place, and its row. */
    private void drop(long which) {
        blocks.find(blocks.ms(), blocks.seq());
        memory.free(which, Block.room(which));
        blocks.remove();
    }

    /** Removes so many of the first entries; no more than there are. */
    public void dropFirst(long count) {
        if (count == 0) {
            return;
        }
        Effects effects = effects();
        long left = count;
        while (left > 0 && blocks.first()) {
            long first = Memory.getLong(blocks.value());
            int held = Block.count(first);
            if (held <= left) {
                drop(first);
                left -= held;
            } else {
                int to = Block.first(first);
                for (long i = 0; i < left; i++) {
                    to += Block.entryLength(first, to);
                }
                Block.remove(first, Block.first(first), to, (int) left);
                left = 0;
            }
        }
        Memory.putLong(head() + StreamHead.LENGTH, length() - count);
        tell(effects, Step.STREAM_TRIM, count, 0, 0, 0, 0);
    }

    /**
     * How many of the first entries are to go, so that no more than so many are left.
     *
     * @param whole whether only whole blocks go
     * @param most no more than so many go; 0 for no limit
     */
    public long above(long length, boolean whole, long most) {
        long left = length() - length;
        if (left <= 0) {
            return 0;
        }
        return whole ? wholeBlocks(left, 0, 0, false, most) : most == 0 ? left : Math.min(left, most);
    }

    /** How many of the first entries are to go that have an id below this one; as {@link #above}. */
    public long below(long toMs, long toSeq, boolean whole, long most) {
        long passed = wholeBlocks(Long.MAX_VALUE, toMs, toSeq, true, most);
        if (whole || most != 0 && passed >= most || entry == 0 || passed == length()) {
            return passed;
        }
        long count = passed;
        for (boolean more = blockAt; more && compare(ms, seq, toMs, toSeq) < 0; more = next()) {
            count++;
        }
        return most == 0 ? count : Math.min(most, count);
    }

    /** Entries of the first blocks that go as a whole; the next one is entered if there is one. */
    private long wholeBlocks(long left, long toMs, long toSeq, boolean byId, long most) {
        long passed = 0;
        blockAt = entry != 0 && blocks.first();
        while (blockAt) {
            long its = Memory.getLong(blocks.value());
            int count = Block.count(its);
            if (passed + count > left || most != 0 && passed + count > most) {
                break;
            }
            if (byId) {
                enter(true);
                if (compare(ms, seq, toMs, toSeq) >= 0) {
                    break;
                }
            }
            passed += count;
            blockAt = blocks.next();
        }
        if (blockAt) {
            enter(false);
        }
        return passed;
    }

    /** Sets what the stream says of itself; makes it where there is none. */
    public void state(long itsLastMs, long itsLastSeq, long itsDeletedMs, long itsDeletedSeq, long itsAdded) {
        Effects effects = effects();
        create();
        long head = head();
        id(head + StreamHead.LAST, itsLastMs, itsLastSeq);
        id(head + StreamHead.DELETED, itsDeletedMs, itsDeletedSeq);
        Memory.putLong(head + StreamHead.ADDED, itsAdded);
        id(scratch, Memory.littleEndian(itsLastMs), Memory.littleEndian(itsLastSeq));
        id(scratch + 16, Memory.littleEndian(itsDeletedMs), Memory.littleEndian(itsDeletedSeq));
        Memory.putLong(scratch + 32, Memory.littleEndian(itsAdded));
        tell(effects, Step.STREAM_STATE, 0, scratch, STATE, 0, 0);
    }

    /** Writes the fields of the entry that was found as they are told to {@link #append}, if there is room; how long they are. */
    public int copyFields(long to, int room) {
        int count = fields();
        long bytes = Block.numberBytes(count);
        for (int i = 0; i < count; i++) {
            nextField();
            bytes += Block.numberBytes(nameLength) + (long) nameLength + Block.numberBytes(valueLength) + valueLength;
        }
        if (bytes > room) {
            return Math.toIntExact(bytes);
        }
        fields();
        long end = Block.putNumber(to, count);
        for (int i = 0; i < count; i++) {
            nextField();
            end = Block.putNumber(end, nameLength);
            Memory.copy(name, end, nameLength);
            end = Block.putNumber(end + nameLength, valueLength);
            Memory.copy(value, end, valueLength);
            end += valueLength;
        }
        return Math.toIntExact(bytes);
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(scratch);
        scratch = 0;
    }
}
