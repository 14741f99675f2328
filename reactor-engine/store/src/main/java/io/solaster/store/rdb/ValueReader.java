package io.solaster.store.rdb;

import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.collection.NewValue;
import io.solaster.store.collection.Unplaced;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.type.Decimal;
import org.jspecify.annotations.Nullable;

/**
 * Reads one value that was dumped, in as many steps as it takes, into one that no key has yet; {@link #place} gives it to a
 * key. The bytes may be anybody's: each is looked at before it is believed, and until the last one was nothing is changed.
 *
 * <p>
 * Whoever made it closes it. On the owning shard.
 */
public final class ValueReader implements AutoCloseable {
    /** What {@link #step} has come to. */
    public enum State {
        /** There is more to be read. */
        MORE,
        /** All that was fed is read, and the value is not whole. */
        HUNGRY,
        /** The value is whole. */
        DONE,
        /** This is no value, or one of a type that there is not. */
        BAD
    }

    // Memory of the value's.
    private static final int BLOB = 1;
    private static final int FIRST = 2;
    private static final int SECOND = 3;
    /** Strings that are not written as they are find room at hand up to this length. */
    private static final int AT_HAND = 64;

    private final Unplaced all;
    private final int longestString;
    private final long now;
    private final DumpReader in = new DumpReader();
    private long scratch = Memory.allocate(2L * AT_HAND);
    private @Nullable NewValue value;
    private @Nullable Elements piece;
    private @Nullable StreamReader stream;
    private boolean inPiece;
    private int type = -1;
    private int keyspaceType = -1;
    private long left; // elements, or pieces, that are yet to be read
    private long earliest; // what times of fields are told from
    private long time; // of a field
    private boolean expiring;
    private boolean done;

    // What was found last, by two.
    private final long[] address = new long[2];
    private final int[] length = new int[2];

    ValueReader(Unplaced all, int longestString, long now) {
        this.all = all;
        this.longestString = longestString;
        this.now = now;
    }

    /**
     * Gives it bytes, which stay where they are until they are read: all of the value, or a part of it that ends where an
     * element does, as {@link ValueWriter} leaves them.
     */
    public void feed(long bytes, int count) {
        in.feed(bytes, count);
    }

    /** The first byte of what is read; negative before there was one. {@link DumpTypes} tells what it means. */
    public int type() {
        return type;
    }

    /** Reads one element. */
    public State step() {
        if (type < 0) {
            return begin();
        }
        StreamReader reading = stream;
        if (reading != null) {
            if (reading.isDone()) {
                done = in.isAtEnd();
                return done ? State.DONE : State.BAD;
            }
            return in.isAtEnd() ? State.HUNGRY : reading.step() ? State.MORE : State.BAD;
        }
        if (inPiece) {
            return stepInPiece();
        }
        if (left == 0) {
            // All fields of a hash may have expired; else a value has one element at least.
            done = in.isAtEnd() && (value == null || expiring || !value.isEmpty());
            return done ? State.DONE : State.BAD;
        }
        if (in.isAtEnd()) {
            return State.HUNGRY;
        }
        left--;
        return isElement() ? State.MORE : State.BAD;
    }

    private State begin() {
        type = in.type();
        keyspaceType = DumpTypes.inKeyspace(type);
        if (keyspaceType < 0) {
            return State.BAD;
        }
        if (type == DumpTypes.STRING) {
            return in.isString() && in.length() <= longestString ? State.MORE : State.BAD;
        }
        if (DumpTypes.isStream(type)) {
            NewValue made = new NewValue(all, keyspaceType);
            value = made;
            stream = new StreamReader(in, made, type);
            return State.MORE;
        }
        if (type == DumpTypes.HASH_METADATA || type == DumpTypes.HASH_LISTPACK_EX) {
            if (!in.isLong() || in.count() < 0) {
                return State.BAD;
            }
            earliest = in.count();
        }
        piece = pieces();
        if (piece == null || isQuicklist()) {
            if (!in.isCount() || in.count() <= 0) {
                return State.BAD;
            }
            left = in.count();
        } else {
            left = 1;
        }
        value = new NewValue(all, keyspaceType);
        return State.MORE;
    }

    private boolean isQuicklist() {
        return type == DumpTypes.LIST_QUICKLIST || type == DumpTypes.LIST_QUICKLIST_2;
    }

    private @Nullable Elements pieces() {
        return switch (type) {
            case DumpTypes.HASH_ZIPMAP -> new Zipmap();
            case DumpTypes.LIST_ZIPLIST, DumpTypes.ZSET_ZIPLIST, DumpTypes.HASH_ZIPLIST, DumpTypes.LIST_QUICKLIST ->
                new Ziplist();
            case DumpTypes.SET_INTSET -> new Intset();
            case DumpTypes.HASH_LISTPACK, DumpTypes.ZSET_LISTPACK, DumpTypes.LIST_QUICKLIST_2, DumpTypes.SET_LISTPACK,
                    DumpTypes.HASH_LISTPACK_EX ->
                new Listpack();
            default -> null;
        };
    }

    private NewValue value() {
        return Objects.requireNonNull(value);
    }

    /** An element, or a piece of many. */
    private boolean isElement() {
        if (piece != null) {
            if (type == DumpTypes.LIST_QUICKLIST_2) {
                if (!in.isCount() || in.count() != DumpTypes.PLAIN && in.count() != DumpTypes.PACKED) {
                    return false;
                }
                if (in.count() == DumpTypes.PLAIN) {
                    return isBytes(0) && length[0] > 0 && put(0, 0);
                }
            }
            return isPiece();
        }
        long expires = 0;
        if (type == DumpTypes.HASH_METADATA) {
            if (!in.isCount() || in.count() < 0) {
                return false;
            }
            // Times are told from the earliest on, and 0 means none.
            expires = in.count() == 0 ? 0 : earliest + in.count() - 1;
            if (expires < 0) {
                return false;
            }
        }
        if (!isBytes(0)) {
            return false;
        }
        return switch (type) {
            case DumpTypes.LIST, DumpTypes.SET -> put(0, 0);
            case DumpTypes.ZSET_2 -> in.isScore() && put(in.score(), 0);
            case DumpTypes.ZSET -> in.isScoreInDigits() && put(in.score(), 0);
            default -> isBytes(1) && put(0, expires);
        };
    }

    /** Whether a string comes next; then it lies there. */
    private boolean isBytes(int which) {
        if (!in.isString() || in.length() > longestString) {
            return false;
        }
        int bytes = (int) in.length();
        length[which] = bytes;
        address[which] = in.address();
        if (address[which] == 0) {
            address[which] = bytes <= AT_HAND
                    ? scratch + (long) which * AT_HAND
                    : value().memory(which == 0 ? FIRST : SECOND, bytes);
            in.write(address[which]);
        }
        return true;
    }

    private boolean isPiece() {
        if (!in.isString() || in.length() > Keyspace.MAX_LENGTH) {
            return false;
        }
        int bytes = (int) in.length();
        long at = in.address();
        if (at == 0) {
            at = value().memory(BLOB, bytes);
            in.write(at);
        }
        inPiece = Objects.requireNonNull(piece).begin(at, bytes);
        return inPiece;
    }

    private State stepInPiece() {
        Elements from = Objects.requireNonNull(piece);
        switch (from.next(scratch)) {
            case BAD -> {
                return State.BAD;
            }
            case END -> {
                inPiece = false;
                return State.MORE;
            }
            default -> {
                address[0] = from.address();
                length[0] = from.length();
            }
        }
        if (length[0] > longestString) {
            return State.BAD;
        }
        if (keyspaceType == Keyspace.TYPE_LIST || keyspaceType == Keyspace.TYPE_SET) {
            return put(0, 0) ? State.MORE : State.BAD;
        }
        if (from.next(scratch + AT_HAND) != Elements.Found.ELEMENT) {
            return State.BAD;
        }
        address[1] = from.address();
        length[1] = from.length();
        if (keyspaceType == Keyspace.TYPE_ZSET) {
            double score = DumpReader.score(address[1], length[1]);
            return !Double.isNaN(score) && put(score, 0) ? State.MORE : State.BAD;
        }
        long expires = 0;
        if (type == DumpTypes.HASH_LISTPACK_EX) {
            // Nothing else was made of digits by now that is still needed.
            if (from.next(scratch + AT_HAND + Digits.LONGEST) != Elements.Found.ELEMENT
                    || !isTime(from.address(), from.length())) {
                return State.BAD;
            }
            expires = time;
        }
        return length[1] <= longestString && put(0, expires) ? State.MORE : State.BAD;
    }

    private boolean isTime(long digits, int count) {
        if (!Decimal.isLong(digits, count)) {
            return false;
        }
        time = Decimal.parse(digits, count);
        return time >= 0;
    }

    /** Puts what was found into the value; false if it is there already. */
    private boolean put(double score, long expires) {
        return switch (keyspaceType) {
            case Keyspace.TYPE_LIST -> {
                value().push(address[0], length[0]);
                yield true;
            }
            case Keyspace.TYPE_SET -> value().add(address[0], length[0]);
            case Keyspace.TYPE_ZSET -> value().add(score, address[0], length[0]);
            default -> {
                expiring |= expires != 0;
                if (expires != 0 && expires < now) {
                    yield true;
                }
                yield value().put(address[0], length[0], address[1], length[1], expires);
            }
        };
    }

    /** Whether fields of the value expire. */
    public boolean isExpiring() {
        return expiring;
    }

    /**
     * Gives a key the value, which is {@link State#DONE}, in place of what it held; without a field that has not expired there
     * is none, and the key is as before.
     *
     * @param expiry Unix milliseconds; 0 for never
     * @return the key's entry; 0 for none
     */
    public long place(Keyspace keys, long key, int keyLength, long expiry) {
        if (!done) {
            throw new IllegalStateException("a value of type " + type + " is not whole yet");
        }
        if (type == DumpTypes.STRING) {
            long entry = keys.create(key, keyLength, Keyspace.TYPE_STRING, (int) in.length(), expiry);
            in.write(keys.valueAddress(entry));
            keys.written();
            return entry;
        }
        return value().isEmpty() ? 0 : value().place(key, keyLength, expiry);
    }

    /** May be called twice. */
    @Override
    public void close() {
        if (stream != null) {
            stream.close();
            stream = null;
        }
        if (value != null) {
            value.release(BLOB);
            value.release(FIRST);
            value.release(SECOND);
            value.close();
            value = null;
        }
        Memory.free(scratch);
        scratch = 0;
    }
}
