package io.solaster.store.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.engine.net.Digits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.type.Chain;
import io.solaster.store.type.Packed;

/**
 * The lists of one keyspace. {@link #open} names one, and all other calls are about that one, till the next. A list of at
 * most {@link #MOST_PACKED} elements and {@link #MOST_PACKED_BYTES} bytes is {@link Packed}; any other is a {@link Chain},
 * and stays one. A list that loses its last element is no key any more.
 *
 * <p>
 * An element is found by {@link #seek}; from there {@link #next} and {@link #previous} lead on. A change ends that. What
 * is put in must not lie in the keyspace. On the owning shard.
 *
 * <p>
 * Longer than 500 lines because each call is a few lines, over the classes that do the work.
 */
public final class Lists implements AutoCloseable {
    /** A small list has at most so many elements. */
    public static final int MOST_PACKED = 128;
    /** Bytes that the elements of a small list take: less than Redis has, as each change may copy them. */
    public static final int MOST_PACKED_BYTES = 1024;

    private final Keyspace keys;
    /** Room for a root record in the making, and for the digits of an element. */
    private long scratch = Memory.allocate(Chain.ROOT_BYTES + Digits.LONGEST);

    private long key;
    private int keyLength;
    private long entry;

    private long node; // 0 in a small list
    private long packed;
    private long element; // 0 if there is none
    private final Place own = new Place();

    public Lists(Keyspace keys) {
        this.keys = keys;
    }

    /**
     * Says which list the calls to come are about.
     *
     * @param newEntry the key's entry, which is a list; 0 if there is none yet
     */
    public void open(long newKey, int newKeyLength, long newEntry) {
        key = newKey;
        keyLength = newKeyLength;
        entry = newEntry;
        element = 0;
    }

    private long value() {
        return keys.valueAddress(entry);
    }

    private static boolean isChain(long value) {
        return Memory.getByte(value) != ValueType.PACKED;
    }

    private static long packed(long value) {
        return value + 1;
    }

    private Slabs nodes() {
        return keys.nodes();
    }

    /** Elements. */
    public long count() {
        if (entry == 0) {
            return 0;
        }
        long value = value();
        return isChain(value) ? Chain.count(value) : Packed.count(packed(value));
    }

    // ---- finding

    /** Where somebody is on the way through a list who leaves off and goes on, while the list stays as it is. */
    public static final class Place {
        private long node;
        /** Elements from the nearer end's side of the node to the one that is sought. */
        private long left;
        private long element;
        private boolean over;

        /** Whether there is nothing more on the way. */
        public boolean isOver() {
            return over;
        }
    }

    /** Whether the list is one whose elements stay where they are while nobody changes it. */
    public boolean isLong() {
        return entry != 0 && isChain(value());
    }

    /** Goes to an element by its index, which must be one. */
    public void seek(long index) {
        own.node = 0;
        boolean found = seek(own, index, Integer.MAX_VALUE);
        assert found;
    }

    /**
     * Goes towards an element by its index, which must be one; from the nearer end.
     *
     * @param way a new one to begin with
     * @param nodes how many are passed at most
     * @return whether it is found; else this is to be called again
     */
    public boolean seek(Place way, long index, int nodes) {
        long value = value();
        if (!isChain(value)) {
            node = 0;
            packed = packed(value);
            element = Packed.at(packed, (int) index);
            return true;
        }
        long count = Chain.count(value);
        boolean forwards = index < count >>> 1;
        if (way.node == 0) {
            way.node = forwards ? Chain.head(value) : Chain.tail(value);
            // Backwards: so many are from the one that is sought to the end, itself counted.
            way.left = forwards ? index : count - index;
        }
        long at = way.node;
        long left = way.left;
        for (int passed = 0; passed < nodes; passed++) {
            long piece = Chain.packed(at);
            int held = Packed.count(piece);
            if (forwards ? left < held : left <= held) {
                node = at;
                packed = piece;
                element = Packed.at(packed, (int) (forwards ? left : held - left));
                return true;
            }
            left -= held;
            at = forwards ? Chain.next(at) : Chain.previous(at);
        }
        way.node = at;
        way.left = left;
        return false;
    }

    /** Notes where the walk is. */
    public void leave(Place place) {
        place.node = node;
        place.element = element;
        place.over = element == 0;
    }

    /** Goes back to where a walk was left, through a list that {@link #isLong}. */
    public void comeBack(Place place) {
        node = place.node;
        element = place.element;
        packed = node == 0 ? 0 : Chain.packed(node);
    }

    /** The element, as of {@link Packed}; 0 if the walk is over. */
    public long element() {
        return element;
    }

    /** Where the element's bytes lie; those of a number do until the next call. */
    public long address() {
        if (!Packed.isNumber(element)) {
            return Packed.address(element);
        }
        long digits = scratch + Chain.ROOT_BYTES;
        Packed.copy(element, digits);
        return digits;
    }

    /** How many bytes the element has. */
    public int length() {
        return Packed.length(element);
    }

    /** Goes to the next element. */
    public void next() {
        element = Packed.next(element);
        if (element == Packed.end(packed)) {
            node = node == 0 ? 0 : Chain.next(node);
            packed = node == 0 ? 0 : Chain.packed(node);
            element = node == 0 ? 0 : Packed.first(packed);
        }
    }

    /** Goes to the element before. */
    public void previous() {
        if (element != Packed.first(packed)) {
            element = Packed.previous(element);
            return;
        }
        node = node == 0 ? 0 : Chain.previous(node);
        packed = node == 0 ? 0 : Chain.packed(node);
        element = node == 0 ? 0 : Packed.last(packed);
    }

    // ---- changes

    /** Inserts an element before all others, or behind them. */
    public void push(boolean first, long address, int length) {
        Effects effects = keys.effects();
        add(first, address, length);
        if (effects != null) {
            effects.changed(first ? Step.LIST_FIRST : Step.LIST_LAST, key, keyLength, 0, address, length, 0, 0);
            keys.told();
        }
    }

    private void add(boolean first, long address, int length) {
        int size = Packed.size(address, length);
        if (hasRoom(size, 1)) {
            long piece = resize(size);
            Packed.insert(piece, first ? Packed.first(piece) : Packed.end(piece), address, length);
            return;
        }
        long value = chain();
        try {
            if (first) {
                Chain.pushFirst(nodes(), value, address, length);
            } else {
                Chain.pushLast(nodes(), value, address, length);
            }
        } catch (OutOfMemoryError e) {
            if (count() == 0) {
                remove();
            }
            throw e;
        }
    }

    /**
     * Inserts an element before or behind the one that was found.
     *
     * @param index that one's
     */
    public void insert(long index, boolean before, long address, int length) {
        Effects effects = keys.effects();
        addBeside(index, before, address, length);
        if (effects != null) {
            effects.changed(Step.LIST_INSERT, key, keyLength, before ? index : index + 1, address, length, 0, 0);
            keys.told();
        }
    }

    private void addBeside(long index, boolean before, long address, int length) {
        int size = Packed.size(address, length);
        if (hasRoom(size, 1)) {
            int offset = (int) ((before ? element : Packed.next(element)) - packed);
            long piece = resize(size);
            Packed.insert(piece, piece + offset, address, length);
            return;
        }
        long value = chain();
        if (node == 0) {
            seek(index);
        }
        Chain.insert(nodes(), value, node, before ? element : Packed.next(element), address, length);
    }

    /** Puts an element in the place of one by its index, which must be one. */
    public void set(long index, long address, int length) {
        seek(index);
        setFound(index, address, length);
    }

    /**
     * Puts an element in the place of the one that was found.
     *
     * @param index that one's
     */
    public void setFound(long index, long address, int length) {
        Effects effects = keys.effects();
        replace(index, address, length);
        if (effects != null) {
            effects.changed(Step.LIST_SET, key, keyLength, index, address, length, 0, 0);
            keys.told();
        }
    }

    private void replace(long index, long address, int length) {
        int more = Packed.size(address, length) - Packed.size(element);
        if (hasRoom(more, 0)) {
            int offset = (int) (element - packed);
            if (more > 0) {
                long piece = resize(more);
                Packed.replace(piece, piece + offset, address, length);
            } else {
                Packed.replace(packed, element, address, length);
                resize(more);
            }
            return;
        }
        long value = chain();
        if (node == 0) {
            seek(index);
        }
        if (!Chain.replace(nodes(), value, node, element, address, length)) {
            replaceBeside(value, address, length);
        }
    }

    /** Puts an element before the one that was found, which has no room for it, and removes that one. */
    private void replaceBeside(long value, long address, int length) {
        // The node before stays what it is; counted from there the old one is behind the new one.
        long before = Chain.previous(node);
        long left = before == 0 ? 1 : Packed.count(Chain.packed(before)) + 1L;
        for (long each = Packed.first(packed); each != element; each = Packed.next(each)) {
            left++;
        }
        Chain.insert(nodes(), value, node, element, address, length);
        long at = before == 0 ? Chain.head(value) : before;
        while (left >= Packed.count(Chain.packed(at))) {
            left -= Packed.count(Chain.packed(at));
            at = Chain.next(at);
        }
        Chain.remove(nodes(), value, at, Packed.at(Chain.packed(at), (int) left));
    }

    /** Removes so many of the first elements, or of the last; no more than there are. */
    public void drop(boolean first, long count) {
        if (count == count()) {
            remove();
        } else if (count > 0) {
            Effects effects = keys.effects();
            dropSome(first, count);
            if (effects != null) {
                effects.changed(first ? Step.LIST_DROP_FIRST : Step.LIST_DROP_LAST, key, keyLength, count, 0, 0, 0, 0);
                keys.told();
            }
        }
    }

    private void dropSome(boolean first, long count) {
        long value = value();
        if (!isChain(value)) {
            long piece = packed(value);
            int from = first ? 0 : Packed.count(piece) - (int) count;
            long begin = Packed.at(piece, from);
            long end = first ? Packed.at(piece, (int) count) : Packed.end(piece);
            Packed.remove(piece, begin, end, (int) count);
            resize((int) (begin - end));
        } else if (first) {
            Chain.dropFirst(nodes(), value, count);
        } else {
            Chain.dropLast(nodes(), value, count);
        }
    }

    /** Removes the list. */
    public void remove() {
        keys.remove(key, keyLength);
        entry = 0;
    }

    /**
     * Removes elements that equal some bytes.
     *
     * @param most how many at most
     * @param backwards whether the last ones
     * @return how many were removed
     */
    public long removeEqual(long most, boolean backwards, long address, int length) {
        own.node = 0;
        return removeEqual(own, most, backwards, address, length, Integer.MAX_VALUE);
    }

    /**
     * Removes elements that equal some bytes from some of the list's nodes.
     *
     * @param way a new one to begin with; it {@link Place#isOver} where all nodes were looked at
     * @param most how many at most
     * @param backwards whether the last ones
     * @param nodesAtOnce how many nodes are looked at
     * @return how many were removed; where that is all that there were, there is no list any more
     */
    public long removeEqual(Place way, long most, boolean backwards, long address, int length, int nodesAtOnce) {
        Effects effects = keys.effects();
        long value = value();
        long removed;
        if (isChain(value)) {
            removed = removeFromChain(value, way, most, backwards, address, length, nodesAtOnce);
        } else {
            removed = removeFromPiece(packed(value), most, backwards, address, length);
            way.over = true;
        }
        if (effects != null && removed > 0) {
            effects.changed(Step.LIST_REMOVE, key, keyLength, backwards ? -removed : removed, address, length, 0, 0);
            keys.told();
        }
        if (count() == 0) {
            remove();
        }
        return removed;
    }

    private long removeFromPiece(long piece, long most, boolean backwards, long address, int length) {
        int before = Packed.bytes(piece);
        int removed = 0;
        int index = backwards ? Packed.count(piece) - 1 : 0;
        while (removed < most && index >= 0 && index < Packed.count(piece)) {
            long each = Packed.at(piece, index);
            boolean equal = Packed.equal(each, address, length);
            if (equal) {
                Packed.remove(piece, each);
                removed++;
            }
            index += backwards ? -1 : equal ? 0 : 1;
        }
        if (Packed.count(piece) > 0) {
            int now = Packed.bytes(piece);
            resizeTo(now, now - before);
        }
        return removed;
    }

    private long removeFromChain(long value, Place way, long most, boolean backwards, long address, int length,
            int nodesAtOnce) {
        long removed = 0;
        long at = way.node != 0 ? way.node : backwards ? Chain.tail(value) : Chain.head(value);
        for (int looked = 0; at != 0 && removed < most && looked < nodesAtOnce; looked++) {
            long following = backwards ? Chain.previous(at) : Chain.next(at);
            // Of two nodes that are made one, the one that is freed has been passed.
            long left = backwards ? at : Chain.previous(at);
            int held = Packed.count(Chain.packed(at));
            long here = removeFromNode(value, at, most - removed, backwards, address, length);
            if (left != 0 && here != 0 && here < held) {
                Chain.mergeWithNext(nodes(), value, left);
            }
            removed += here;
            at = following;
        }
        way.node = at;
        way.over = at == 0;
        return removed;
    }

    private long removeFromNode(long value, long at, long most, boolean backwards, long address, int length) {
        long removed = 0;
        long each = backwards ? Packed.last(Chain.packed(at)) : Packed.first(Chain.packed(at));
        while (each != 0 && removed < most) {
            boolean equal = Packed.equal(each, address, length);
            long piece = Chain.packed(at);
            long then = step(piece, each, backwards);
            if (equal) {
                // What was behind it takes its place, unless it was the first: then nothing moves.
                if (!backwards && then != 0 && each != Packed.first(piece)) {
                    then = each;
                }
                removed++;
                Chain.remove(nodes(), value, at, each);
            }
            each = then;
        }
        return removed;
    }

    /** The element behind or before one in its piece; 0 if there is none. */
    private static long step(long piece, long element, boolean backwards) {
        if (backwards) {
            return element == Packed.first(piece) ? 0 : Packed.previous(element);
        }
        long next = Packed.next(element);
        return next == Packed.end(piece) ? 0 : next;
    }

    // ---- forms

    /** Whether the list is small, or not there, and stays small with so much more. */
    private boolean hasRoom(int bytes, int elements) {
        if (entry == 0) {
            return bytes <= MOST_PACKED_BYTES;
        }
        long value = value();
        long piece = packed(value);
        return !isChain(value) && Packed.bytes(piece) + bytes <= MOST_PACKED_BYTES
                && Packed.count(piece) + elements <= MOST_PACKED;
    }

    /** Gives a small list so much more room, or takes it; it is made if it is not there. Where its elements are then. */
    private long resize(int more) {
        if (entry == 0) {
            entry = keys.create(key, keyLength, Keyspace.TYPE_LIST, 1 + Packed.HEADER + more, 0);
            long value = value();
            Memory.putByte(value, ValueType.PACKED);
            Packed.clear(packed(value));
            return packed(value);
        }
        return resizeTo(Packed.bytes(packed(value())) + Math.max(0, more), more);
    }

    private long resizeTo(int bytes, int more) {
        if (more != 0) {
            entry = keys.resizeValue(key, keyLength, 1 + bytes);
        }
        return packed(value());
    }

    /** The root record, which is made if the list is small or is not there. */
    private long chain() {
        if (entry != 0 && isChain(value())) {
            return value();
        }
        Chain.clear(scratch);
        if (entry == 0) {
            entry = keys.create(key, keyLength, Keyspace.TYPE_LIST, Chain.ROOT_BYTES, 0);
        } else {
            Chain.append(nodes(), scratch, packed(value()));
            try {
                entry = keys.resizeValue(key, keyLength, Chain.ROOT_BYTES);
            } catch (OutOfMemoryError e) {
                Chain.free(nodes(), scratch, 1);
                throw e;
            }
        }
        Memory.copy(scratch, value(), Chain.ROOT_BYTES);
        return value();
    }

    /** May be called twice. */
    @Override
    public void close() {
        Memory.free(scratch);
        scratch = 0;
    }
}
