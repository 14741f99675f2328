package io.solaster.store.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.net.Digits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Encodings;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.FieldNode;
import io.solaster.store.type.FieldTable;
import io.solaster.store.type.Packed;
import io.solaster.store.type.ScoreTree;
import io.solaster.store.type.SortedSetType;
import org.jspecify.annotations.Nullable;

/**
 * The sorted sets of one keyspace. {@link #open} names one, and all other calls are about that one, till the next. A set of
 * as few and as short members as {@link Keyspace#encodings} says is {@link Packed}, each member with
 * its score behind it; any other is a {@link FieldTable} of members and a {@link ScoreTree}, and stays so. A set that loses
 * its last member is no key any more.
 *
 * <p>
 * Members have ranks, from 0, by score, and those of one score by their bytes. A member is found by {@link #find} or by
 * {@link #seek}; from there {@link #next} and {@link #previous} lead on. A change ends that. What is put in must not lie in
 * the keyspace. No score is NaN. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because each call is a few lines, over the classes that do the work.
 */
public final class SortedSets implements AutoCloseable {
    private static final int SCORE_BYTES = 8;
    private static final byte TREE = 1;

    private final Keyspace keys;
    private final FieldTable table;
    private final ScoreTree tree;
    /** Room for a root record in the making, a score, and the digits of a member. */
    private long scratch = Memory.allocate(FieldTable.ROOT + SCORE_BYTES + Digits.LONGEST);

    private long key;
    private int keyLength;
    private long entry;

    // What was found: of a small set the element, else the node of the table and, unless by find, leaf and row.
    private long element;
    private long node;
    private long leaf;
    private int row;
    private final Scanned scanned = new Scanned();
    private long scans; // members of a small set that were told

    public SortedSets(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.table = table;
        tree = new ScoreTree(keys.nodes());
    }

    /**
     * Says which set the calls to come are about.
     *
     * @param newEntry the key's entry, which is a sorted set; 0 if there is none yet
     */
    public void open(long newKey, int newKeyLength, long newEntry) {
        key = newKey;
        keyLength = newKeyLength;
        entry = newEntry;
    }

    private long value() {
        return keys.valueAddress(entry);
    }

    private Slabs nodes() {
        return keys.nodes();
    }

    /** Whether a set's value is a tree. */
    public static boolean isTree(long value) {
        return Memory.getByte(value) != ValueType.PACKED;
    }

    /** Whether the set is a tree. */
    public boolean isTree() {
        return entry != 0 && isTree(value());
    }

    private static long piece(long value) {
        return value + 1;
    }

    private ScoreTree tree() {
        tree.open(nodes(), value());
        return tree;
    }

    /** Members. */
    public long count() {
        if (entry == 0) {
            return 0;
        }
        long value = value();
        return isTree(value) ? FieldTable.count(value) : Packed.count(piece(value)) / 2;
    }

    // ---- finding

    /** Whether the set has a member; if so that is found. */
    public boolean find(long address, int length) {
        if (entry == 0) {
            return false;
        }
        long value = value();
        if (isTree(value)) {
            node = table.find(value, address, length);
            return node != 0;
        }
        long piece = piece(value);
        element = Packed.find(piece, Packed.first(piece), address, length, 2);
        return element != 0;
    }

    /** Goes to a rank, which must be a member's. */
    public void seek(long rank) {
        long value = value();
        if (isTree(value)) {
            tree().seekRank(rank);
            leaf = tree.leaf();
            row = tree.row();
            node = ScoreTree.member(leaf, row);
        } else {
            element = Packed.at(piece(value), 2 * (int) rank);
        }
    }

    /** Goes to the member of the next rank; there must be one. */
    public void next() {
        if (!isTree()) {
            element = Packed.next(Packed.next(element));
            return;
        }
        if (++row == ScoreTree.members(leaf)) {
            leaf = ScoreTree.next(leaf);
            row = 0;
        }
        node = ScoreTree.member(leaf, row);
    }

    /** Goes to the member of the rank before; there must be one. */
    public void previous() {
        if (!isTree()) {
            element = Packed.previous(Packed.previous(element));
            return;
        }
        if (--row < 0) {
            leaf = ScoreTree.previous(leaf);
            row = ScoreTree.members(leaf) - 1;
        }
        node = ScoreTree.member(leaf, row);
    }

    /**
     * Finds a few members, which {@link #scanned} tells; of a small set all.
     *
     * @param wanted how many, about
     * @return the cursor to go on with, or 0 at the end
     * @see FieldTable#scan
     */
    public long scan(long cursor, long wanted) {
        scans = 0;
        return isTree() ? scanned.scan(table, value(), cursor, wanted) : 0;
    }

    /** Tells the next member that the last scan found; false at the end. Nothing may be written meanwhile. */
    public boolean scanned() {
        if (isTree()) {
            node = scanned.next();
            return node != 0;
        }
        if (scans == count()) {
            return false;
        }
        if (scans++ == 0) {
            seek(0);
        } else {
            next();
        }
        return true;
    }

    /** Has {@link #scanned} tell once more what was found. */
    public void scannedAgain() {
        scans = 0;
        scanned.again();
    }

    // ---- what was found

    /** Whether the member is kept as a number. */
    public boolean isNumber() {
        return !isTree() && Packed.isNumber(element);
    }

    /** The number that the member is kept as. */
    public long number() {
        return Packed.number(element);
    }

    /** Where the member's bytes lie; those of a number do until the next call. */
    public long address() {
        if (isTree()) {
            return FieldNode.fieldAddress(node);
        }
        if (!Packed.isNumber(element)) {
            return Packed.address(element);
        }
        Packed.copy(element, scratch);
        return scratch;
    }

    /** How many bytes the member has. */
    public int length() {
        return isTree() ? FieldNode.fieldLength(node) : Packed.length(element);
    }

    /** The member's score. */
    public double score() {
        return isTree() ? SortedSetType.score(node) : packedScore(Packed.next(element));
    }

    private static double packedScore(long element) {
        return Packed.isNumber(element)
                ? Packed.number(element)
                : Double.longBitsToDouble(Memory.getLong(Packed.address(element)));
    }

    /** The rank of the member that was found. */
    public long rank() {
        long value = value();
        if (isTree(value)) {
            tree().seek(SortedSetType.score(node), FieldNode.fieldAddress(node), FieldNode.fieldLength(node));
            return tree.rank();
        }
        int before = 0;
        for (long at = Packed.first(piece(value)); at != element; at = Packed.next(Packed.next(at))) {
            before++;
        }
        return before;
    }

    // ---- ranges

    /** How many members have a score below one, or one that is not above it. */
    public long below(double score, boolean inclusive) {
        if (entry == 0) {
            return 0;
        }
        long value = value();
        if (isTree(value)) {
            tree().seekScore(score, inclusive);
            return tree.rank();
        }
        long piece = piece(value);
        int below = 0;
        for (long at = Packed.first(piece); at != Packed.end(piece); at = Packed.next(Packed.next(at))) {
            double its = packedScore(Packed.next(at));
            if (inclusive ? its > score : its >= score) {
                break;
            }
            below++;
        }
        return below;
    }

    /** How many members are before one, or not behind it, where all have one score. */
    public long below(long address, int length, boolean inclusive) {
        if (entry == 0) {
            return 0;
        }
        long value = value();
        if (isTree(value)) {
            tree().seekMember(address, length, inclusive);
            return tree.rank();
        }
        long piece = piece(value);
        int below = 0;
        for (long at = Packed.first(piece); at != Packed.end(piece); at = Packed.next(Packed.next(at))) {
            int order = compare(at, address, length);
            if (inclusive ? order > 0 : order >= 0) {
                break;
            }
            below++;
        }
        return below;
    }

    private int compare(long packed, long address, int length) {
        return Packed.isNumber(packed)
                ? ScoreTree.compare(scratch, Packed.copy(packed, scratch), address, length)
                : ScoreTree.compare(Packed.address(packed), Packed.length(packed), address, length);
    }

    // ---- changes

    /** Adds a member that the set does not have. */
    public void add(double score, long address, int length) {
        Effects effects = keys.effects();
        put(score, address, length);
        tell(effects, score, address, length);
    }

    private void tell(@Nullable Effects effects, double score, long address, int length) {
        if (effects != null) {
            effects.changed(Step.ZSET_PUT, key, keyLength, Double.doubleToRawLongBits(score), address, length, 0, 0);
            keys.told();
        }
    }

    private void put(double score, long address, int length) {
        Encodings sizes = keys.encodings();
        if (entry == 0 && length <= sizes.longestScored() && sizes.mostScored() > 0) {
            entry = keys.create(key, keyLength, Keyspace.TYPE_ZSET, 1 + Packed.HEADER + Packed.size(address, length)
                    + scoreSize(score), 0);
            Memory.putByte(value(), ValueType.PACKED);
            Packed.clear(piece(value()));
            insert(0, score, address, length);
        } else if (entry != 0 && length <= sizes.longestScored() && !isTree() && count() < sizes.mostScored()) {
            int offset = place(score, address, length);
            int bytes = Packed.bytes(piece(value())) + Packed.size(address, length) + scoreSize(score);
            entry = keys.resizeValue(key, keyLength, 1 + bytes);
            insert(offset, score, address, length);
        } else {
            becomeTree();
            try {
                addToTree(value(), score, address, length);
            } catch (OutOfMemoryError e) {
                if (count() == 0) {
                    remove();
                }
                throw e;
            }
        }
    }

    private void insert(int offset, double score, long address, int length) {
        long piece = piece(value());
        long at = Packed.insert(piece, offset == 0 ? Packed.first(piece) : piece + offset, address, length);
        if (isWhole(score)) {
            Packed.insertNumber(piece, at, (long) score);
        } else {
            Memory.putLong(scratch, Double.doubleToRawLongBits(score));
            Packed.insertRaw(piece, at, scratch, SCORE_BYTES);
        }
    }

    /** Where in a small set a member belongs. */
    private int place(double score, long address, int length) {
        long piece = piece(value());
        long at = Packed.first(piece);
        while (at != Packed.end(piece)) {
            double its = packedScore(Packed.next(at));
            if (its > score || its == score && compare(at, address, length) > 0) {
                break;
            }
            at = Packed.next(Packed.next(at));
        }
        return (int) (at - piece);
    }

    /** Minus zero is one too: a small set keeps no sign of zero, as in Redis. */
    private static boolean isWhole(double score) {
        return (long) score == score;
    }

    private static int scoreSize(double score) {
        return isWhole(score) ? Packed.numberSize((long) score) : Packed.bytesSize(SCORE_BYTES);
    }

    private void addToTree(long root, double score, long address, int length) {
        Memory.putLong(scratch + FieldTable.ROOT, Double.doubleToRawLongBits(score));
        long added = table.add(root, address, length, scratch + FieldTable.ROOT, SCORE_BYTES);
        try {
            tree.open(nodes(), root);
            tree.insert(score, added);
        } catch (OutOfMemoryError e) {
            table.remove(root, address, length);
            throw e;
        }
    }

    /** Makes a small set, or none, a tree. */
    private void becomeTree() {
        if (entry != 0 && isTree(value())) {
            return;
        }
        Memory.putByte(scratch, TREE);
        table.create(scratch);
        boolean made = false;
        try {
            tree.create(nodes(), scratch);
            if (entry == 0) {
                entry = keys.create(key, keyLength, Keyspace.TYPE_ZSET, FieldTable.ROOT, 0);
            } else {
                copyToTree();
                entry = keys.resizeValue(key, keyLength, FieldTable.ROOT);
            }
            Memory.copy(scratch, value(), FieldTable.ROOT);
            made = true;
        } finally {
            if (!made) {
                ScoreTree.free(nodes(), scratch, Integer.MAX_VALUE);
                table.free(scratch, Integer.MAX_VALUE);
            }
        }
    }

    private void copyToTree() {
        long piece = piece(value());
        long digits = scratch + FieldTable.ROOT + SCORE_BYTES;
        for (long at = Packed.first(piece); at != Packed.end(piece); at = Packed.next(Packed.next(at))) {
            boolean number = Packed.isNumber(at);
            int length = number ? Packed.copy(at, digits) : Packed.length(at);
            addToTree(scratch, packedScore(Packed.next(at)), number ? digits : Packed.address(at), length);
        }
    }

    /**
     * Gives the member that was found by {@link #find} another score.
     *
     * @param address the member's bytes
     */
    public void rescore(double score, long address, int length) {
        Effects effects = keys.effects();
        move(score, address, length);
        tell(effects, score, address, length);
    }

    private void move(double score, long address, int length) {
        if (!isTree()) {
            // Its place changes, mostly.
            long piece = piece(value());
            int before = Packed.bytes(piece);
            int more = scoreSize(score) - Packed.size(Packed.next(element));
            int offset = (int) (element - piece);
            if (more > 0) {
                entry = keys.resizeValue(key, keyLength, 1 + before + more);
                piece = piece(value());
            }
            Packed.remove(piece, piece + offset, Packed.next(Packed.next(piece + offset)), 2);
            insert(place(score, address, length), score, address, length);
            if (more < 0) {
                shorten();
            }
            return;
        }
        double old = SortedSetType.score(node);
        if (!tree().rescore(old, score, node)) {
            tree.insert(score, node);
            tree.remove(old, node);
        }
        Memory.putLong(FieldNode.valueAddress(node), Double.doubleToRawLongBits(score));
    }

    /** Removes the member that was found. */
    public void removeFound() {
        if (count() == 1) {
            remove();
            return;
        }
        Effects effects = keys.effects();
        if (effects != null) {
            // Before, since that is where the member lies.
            effects.changed(Step.ZSET_REMOVE, key, keyLength, 0, address(), length(), 0, 0);
        }
        if (isTree()) {
            removeFromTree();
        } else {
            Packed.remove(piece(value()), element, Packed.next(Packed.next(element)), 2);
            shorten();
        }
        if (effects != null) {
            keys.told();
        }
    }

    private void removeFromTree() {
        tree().remove(SortedSetType.score(node), node);
        table.remove(value(), FieldNode.fieldAddress(node), FieldNode.fieldLength(node));
    }

    /** Removes so many members from a rank on; no more than there are. */
    public void removeRange(long rank, long count) {
        if (count == count()) {
            remove();
        } else if (count > 0) {
            Effects effects = keys.effects();
            removeSome(rank, count);
            if (effects != null) {
                Memory.putLong(scratch, Memory.littleEndian(count));
                effects.changed(Step.ZSET_REMOVE_RANKS, key, keyLength, rank, scratch, Long.BYTES, 0, 0);
                keys.told();
            }
        }
    }

    private void removeSome(long rank, long count) {
        if (isTree()) {
            for (long left = count; left > 0; left--) {
                seek(rank);
                removeFromTree();
            }
        } else {
            long piece = piece(value());
            Packed.remove(piece, Packed.at(piece, 2 * (int) rank), Packed.at(piece, 2 * (int) (rank + count)),
                    2 * (int) count);
            shorten();
        }
    }

    /** Removes the set. */
    public void remove() {
        keys.remove(key, keyLength);
        entry = 0;
    }

    /** Takes from a small set's value what it no longer needs. */
    private void shorten() {
        entry = keys.resizeValue(key, keyLength, 1 + Packed.bytes(piece(value())));
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(scratch);
        scratch = 0;
    }
}
