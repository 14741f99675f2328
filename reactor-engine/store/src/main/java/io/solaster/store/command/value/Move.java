package io.solaster.store.command.value;

import java.util.Objects;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.rdb.ValueWorks.Work;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * A value that goes to a key of another shard. First the shard of the source reads the value, while that of the destination
 * says whether it may be written; then they have exchanged what they found, so the one that has a value now writes it. Only
 * once that is done the source goes: the destination may have no memory for it.
 *
 * <p>
 * A large value goes in pieces, a hop for each: the destination reads one into a value that nobody sees, while the source
 * writes the next one. Both shards serve others meanwhile, but for the two keys.
 */
class Move implements Spread {
    static final String NO_SUCH_KEY = "ERR no such key";

    // What a part is told to be.
    static final int SOURCE = 1;
    static final int BOTH = 2;

    // What a part says: below these the type of a value that is there as a whole.
    private static final int FIRST = 1 << 4;
    private static final int PIECE = 1 << 5;
    private static final int LAST = 1 << 6;
    private static final int TAKEN = 1 << 7;
    private static final int PLACED = 1 << 8;
    private static final int REMOVED = 1 << 9;
    private static final int IDLE = 1 << 10;

    private final boolean keepsSource;
    private final boolean replaces;
    private final boolean needsSource;

    /** @param needsSource whether it is an error that there is none */
    Move(boolean keepsSource, boolean replaces, boolean needsSource) {
        this.keepsSource = keepsSource;
        this.replaces = replaces;
        this.needsSource = needsSource;
    }

    /** As many as a value has pieces. */
    @Override
    public int hops() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void prepare(Transaction transaction) {
        int from = transaction.owner(0);
        transaction.values(from).number(from == transaction.owner(1) ? BOTH : SOURCE);
    }

    boolean replaces(CommandCall call) {
        return replaces;
    }

    /** Which database the destination is in. */
    int destination(CommandCall call) {
        return call.database();
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        if (hop > 0) {
            goOn(call, values);
            return;
        }
        if (call.cursor() != 0) {
            write(call, values);
            return;
        }
        // From a command before, that has failed.
        call.shard().values().endOfSlot(slot(call));
        if (values.number() == SOURCE) {
            values.number(0);
            read(call, values);
        } else {
            call.keyspace().database(destination(call));
            values.type(!replaces(call) && call.find(1) != 0 ? TAKEN : IDLE);
        }
    }

    /** Whether a value has more than what lies in its entry. */
    static boolean hasNodes(Keyspace keys, long entry) {
        return keys.type(entry) != Keyspace.TYPE_STRING
                && Memory.getByte(keys.valueAddress(entry)) != ValueType.PACKED;
    }

    private static int slot(CommandCall call) {
        return Slots.of(call.address(1), call.length(1));
    }

    private void read(CommandCall call, Values values) {
        Keyspace keys = call.keyspace();
        long entry = keys.find(call.address(1), call.length(1), call.now());
        if (entry == 0) {
            none(values);
        } else if (hasNodes(keys, entry)) {
            call.shard().values().put(slot(call), new Moving.Outgoing(call, entry));
            write(call, values);
        } else {
            values.add(keys.valueAddress(entry), keys.valueLength(entry));
            values.type(keys.type(entry));
            values.number(keys.expiry(entry));
        }
    }

    /** There is no source, or it is gone meanwhile: it was due, or memory was needed. */
    private void none(Values values) {
        values.clear();
        values.type(IDLE);
        if (needsSource) {
            values.error(NO_SUCH_KEY);
        }
    }

    private void goOn(CommandCall call, Values values) {
        Work work = call.shard().values().ofSlot(slot(call));
        ByteStrings whole = values.strings();
        if (work instanceof Moving.Outgoing) {
            if (values.type() == PLACED) {
                remove(call, values);
            } else {
                if (call.cursor() == 0) {
                    values.clear();
                }
                write(call, values);
            }
        } else if ((values.type() & PIECE) != 0) {
            call.keyspace().database(destination(call));
            place(call, values, work);
        } else if (values.type() == PLACED) {
            remove(call, values);
        } else if (whole.next()) {
            call.keyspace().database(destination(call));
            put(call, 1, values.type(), whole.address(), whole.length(), values.number());
            values.type(PLACED);
        }
    }

    private void remove(CommandCall call, Values values) {
        call.shard().values().endOfSlot(slot(call));
        call.keyspace().remove(call.address(1), call.length(1));
        values.type(REMOVED);
    }

    /** On the shard of the source: the next piece. */
    private void write(CommandCall call, Values values) {
        Moving.Outgoing out = (Moving.Outgoing) work(call);
        if (out.isDone()) {
            values.type(IDLE);
            return;
        }
        Keyspace keys = call.keyspace();
        long entry = keys.peek(call.address(1), call.length(1), call.now());
        if (entry == 0) {
            call.shard().values().endOfSlot(slot(call));
            none(values);
        } else if (out.write(entry, values.pieces(), call)) {
            values.type(PIECE | (out.takeAnew() ? FIRST : 0) | (out.isDone() ? LAST : 0));
            values.number(keys.expiry(entry));
        } else {
            call.goOn(1);
        }
    }

    private static Work work(CommandCall call) {
        return Objects.requireNonNull(call.shard().values().ofSlot(slot(call)));
    }

    /** On the shard of the destination: reads a piece. Whatever fails, nothing was changed. */
    private static void place(CommandCall call, Values values, @Nullable Work begun) {
        ValueWorks works = call.shard().values();
        Moving.Incoming in;
        if (call.cursor() == 0 && (values.type() & FIRST) != 0) {
            in = new Moving.Incoming(call);
            works.put(slot(call), in);
        } else {
            in = (Moving.Incoming) Objects.requireNonNull(begun);
        }
        boolean fails = true;
        try {
            if (!in.read(values.pieces(), call)) {
                fails = false;
                call.goOn(1);
                return;
            }
            boolean last = (values.type() & LAST) != 0;
            if (last) {
                in.place(call, 1, values.number());
                works.endOfSlot(slot(call));
            }
            values.clear();
            values.type(last ? PLACED : IDLE);
            fails = false;
        } finally {
            if (fails) {
                works.endOfSlot(slot(call));
            }
        }
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        int from = transaction.owner(0);
        int to = transaction.owner(1);
        Values source = transaction.values(from);
        Values destination = transaction.values(to);
        if (from == to || source.type() == REMOVED || destination.type() == TAKEN
                || destination.type() == PLACED && keepsSource
                || destination.type() != PLACED && source.type() == IDLE) {
            return false;
        }
        transaction.exchange(from, to);
        return true;
    }

    /** Whether the value has come to its new key. */
    static boolean isDone(Transaction transaction) {
        return transaction.values(transaction.owner(0)).type() == REMOVED
                || transaction.values(transaction.owner(1)).type() == PLACED;
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        reply.integer(isDone(transaction) ? 1 : 0);
        return true;
    }

    /** On one shard: says that the value is there. */
    static void placed(Values values) {
        values.type(PLACED);
    }

    static void put(CommandCall call, int key, int type, long value, int length, long expiry) {
        Keyspace keys = call.keyspace();
        if (type == Keyspace.TYPE_STRING) {
            keys.set(call.address(key), call.length(key), value, length, expiry);
        } else {
            call.find(key);
            long entry = keys.create(call.address(key), call.length(key), type, length, expiry);
            Memory.copy(value, keys.valueAddress(entry), length);
            keys.written();
        }
    }
}
