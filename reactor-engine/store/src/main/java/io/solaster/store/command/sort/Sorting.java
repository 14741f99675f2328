package io.solaster.store.command.sort;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.NewValue;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.collection.Workspace;
import io.solaster.store.command.algebra.SourceWalk;
import io.solaster.store.command.collection.Floats;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.type.Decimal;
import io.solaster.store.type.Packed;
import io.solaster.store.type.ScoreTree;
import org.jspecify.annotations.Nullable;

/**
 * A sort under way: the elements of a key, each with what it weighs, and then what is answered. Every step is gone on with
 * until it is done, and leaves off in between. It is in one shard's hands at a time, but for what the elements are, which all
 * shards may read while they look up what patterns name.
 */
final class Sorting {
    /** Of a record: what it weighs, or where the bytes lie that it is compared by; and whether it has that. */
    static final int NUMBERS = 2;

    private static final String NOT_WEIGHTS = "ERR One or more scores can't be converted into double";
    private static final int WEIGHT = 0;
    private static final int THERE = 1;
    private static final int LONGEST_NUMBER = 4097;

    private final SortOptions options;
    private final Workspace workspace;
    private final SourceWalk walk = new SourceWalk();
    private @Nullable Gathered records;
    private @Nullable Addresses elements;
    private @Nullable Addresses output;
    private @Nullable NewValue list;
    private @Nullable String error;
    private boolean set;
    private long place;
    private long toRead;
    private boolean weighed;
    private boolean sorted;
    private boolean collected;
    private int lookup;
    private long digits;
    private long written = -1;

    Sorting(SortOptions options, Workspace workspace) {
        this.options = options;
        this.workspace = workspace;
    }

    @Nullable
    String error() {
        return error;
    }

    Gathered records() {
        return Objects.requireNonNull(records);
    }

    /** Those that are answered, once they are sorted. */
    Addresses elements() {
        return Objects.requireNonNull(elements);
    }

    /** What the elements are sorted by that has to be looked up; null for nothing. */
    @Nullable
    SortPattern by() {
        return options.by(set);
    }

    // ---- reading

    /** Goes on with copying the elements of the key; whether all are there. */
    boolean read(CommandCall call, BooleanSupplier yield) {
        boolean begins = records == null;
        if (!begins && toRead == 0) {
            // What follows comes by here again, as often as it leaves off.
            return true;
        }
        long entry = begins
                ? call.read(SortOptions.SOURCE)
                : call.keyspace().peek(call.address(SortOptions.SOURCE), call.length(SortOptions.SOURCE), call.now());
        int type = entry == 0 ? Keyspace.TYPE_LIST : call.keyspace().type(entry);
        if (begins) {
            if (type != Keyspace.TYPE_LIST && !SourceWalk.isOne(call.keyspace(), entry)) {
                error = Errors.WRONG_TYPE;
                return true;
            }
            begin(call, entry, type);
        }
        if (entry == 0) {
            // It may have expired since the turn before: as if it had before all.
            elements().keep(0, 0);
            return true;
        }
        if (toRead == 0) {
            return true;
        }
        return switch (type) {
            case Keyspace.TYPE_LIST -> list(call, entry, yield);
            case Keyspace.TYPE_ZSET -> sortedSet(call, entry, yield);
            default -> set(call, entry, yield);
        };
    }

    private boolean set(CommandCall call, long entry, BooleanSupplier yield) {
        if (walk.goOn(call, SortOptions.SOURCE, entry, yield, (address, length, score) -> add(address, length))) {
            toRead = 0;
            return true;
        }
        return false;
    }

    private void begin(CommandCall call, long entry, int type) {
        set = type == Keyspace.TYPE_SET;
        records = new Gathered(workspace, NUMBERS);
        long count = count(call, entry);
        toRead = count;
        if (options.isUnsorted(set) && !set) {
            // Of these only the range is copied.
            toRead = options.answered(count);
            long first = options.first(count);
            place = options.descending() ? count - 1 - first : first;
        }
        elements = new Addresses(workspace, toRead);
        walk.begin();
    }

    /** How many elements a list, set or sorted set has. */
    static long count(CommandCall call, long entry) {
        if (entry == 0) {
            return 0;
        }
        if (call.keyspace().type(entry) != Keyspace.TYPE_LIST) {
            return SourceWalk.count(call, SortOptions.SOURCE, entry);
        }
        Lists list = call.shard().lists();
        list.open(call.address(SortOptions.SOURCE), call.length(SortOptions.SOURCE), entry);
        return list.count();
    }

    private void add(long address, int length) {
        elements().add(records().add(address, length));
    }

    private boolean backwards() {
        return options.isUnsorted(set) && options.descending();
    }

    private boolean list(CommandCall call, long entry, BooleanSupplier yield) {
        Lists list = call.shard().lists();
        list.open(call.address(SortOptions.SOURCE), call.length(SortOptions.SOURCE), entry);
        list.seek(place);
        if (digits == 0) {
            digits = workspace.allocate(Digits.LONGEST);
        }
        while (true) {
            long element = list.element();
            if (Packed.isNumber(element)) {
                add(digits, Packed.copy(element, digits));
            } else {
                add(Packed.address(element), Packed.length(element));
            }
            place += backwards() ? -1 : 1;
            if (--toRead == 0) {
                return true;
            }
            if (yield.getAsBoolean()) {
                return false;
            }
            if (backwards()) {
                list.previous();
            } else {
                list.next();
            }
        }
    }

    private boolean sortedSet(CommandCall call, long entry, BooleanSupplier yield) {
        SortedSets members = call.shard().sortedSets();
        members.open(call.address(SortOptions.SOURCE), call.length(SortOptions.SOURCE), entry);
        members.seek(place);
        while (true) {
            add(members.address(), members.length());
            place += backwards() ? -1 : 1;
            if (--toRead == 0) {
                return true;
            }
            if (yield.getAsBoolean()) {
                return false;
            }
            if (backwards()) {
                members.previous();
            } else {
                members.next();
            }
        }
    }

    // ---- sorting

    /**
     * Goes on with weighing and sorting; whether that is done.
     *
     * @param found what was looked up to sort by; null where the elements weigh themselves
     */
    boolean sort(@Nullable List<Gathered> found, BooleanSupplier yield) {
        if (!weighed) {
            if (!options.isUnsorted(set) && !(found == null ? weighSelf(yield) : weigh(found, yield))) {
                return false;
            }
            weighed = true;
        }
        if (error != null || sorted) {
            return true;
        }
        boolean letters = options.letters(set);
        boolean by = by() != null;
        Addresses.Order order = !letters ? this::byWeight : by ? this::byBytes : this::bySelf;
        if (!options.isUnsorted(set)) {
            if (!elements().sort(options.descending() ? (one, other) -> -order.compare(one, other) : order, yield)) {
                return false;
            }
        }
        if (!options.isUnsorted(set) || set) {
            long count = elements().count();
            elements().keep(options.first(count), options.answered(count));
        }
        sorted = true;
        return true;
    }

    private boolean weighSelf(BooleanSupplier yield) {
        if (options.letters(set)) {
            return true;
        }
        Gathered all = records();
        if (written < 0) {
            written = 0;
        }
        while (written < elements().count()) {
            long record = elements().get(written++);
            weigh(record, all, record);
            if (yield.getAsBoolean() && written < elements().count()) {
                return false;
            }
        }
        written = -1;
        return true;
    }

    private void weigh(long record, Gathered layout, long value) {
        double weight = weight(layout.address(value), layout.length(value));
        if (Double.isNaN(weight)) {
            error = NOT_WEIGHTS;
        }
        records().number(record, WEIGHT, weight);
    }

    private static double weight(long address, int length) {
        if (Decimal.isLong(address, length)) {
            return Decimal.parse(address, length);
        }
        byte[] bytes = new byte[Math.min(length, LONGEST_NUMBER)];
        Memory.copy(address, bytes, 0, bytes.length);
        return Floats.weight(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    private boolean weigh(List<Gathered> found, BooleanSupplier yield) {
        if (lookup == 0) {
            if (written < 0) {
                written = 0;
            }
            while (written < elements().count()) {
                long record = elements().get(written++);
                records().bits(record, WEIGHT, 0);
                records().bits(record, THERE, 0);
                if (yield.getAsBoolean() && written < elements().count()) {
                    return false;
                }
            }
            written = -1;
            lookup = 1;
            found.getFirst().seek(0);
        }
        while (lookup <= found.size()) {
            Gathered part = found.get(lookup - 1);
            while (part.next()) {
                long record = elements().get(part.bits(part.record(), 0));
                records().bits(record, THERE, 1);
                if (options.letters(set)) {
                    records().bits(record, WEIGHT, part.record());
                } else {
                    weigh(record, part, part.record());
                }
                if (yield.getAsBoolean()) {
                    return false;
                }
            }
            if (++lookup <= found.size()) {
                found.get(lookup - 1).seek(0);
            }
        }
        lookup = 0;
        return true;
    }

    private int byWeight(long one, long other) {
        Gathered all = records();
        double first = all.number(one, WEIGHT);
        double second = all.number(other, WEIGHT);
        return first < second ? -1 : first > second ? 1 : bySelf(one, other);
    }

    private int bySelf(long one, long other) {
        Gathered all = records();
        return ScoreTree.compare(all.address(one), all.length(one), all.address(other), all.length(other));
    }

    private int byBytes(long one, long other) {
        Gathered all = records();
        long first = all.bits(one, THERE);
        long second = all.bits(other, THERE);
        if (first == 0 || second == 0) {
            return Long.compare(first, second);
        }
        long a = all.bits(one, WEIGHT);
        long b = all.bits(other, WEIGHT);
        return ScoreTree.compare(all.address(a), all.length(a), all.address(b), all.length(b));
    }

    // ---- what is answered

    /** How many strings the answer has. */
    long answers() {
        return elements().count() * Math.max(1, options.gets().size());
    }

    /**
     * Goes on with putting the answer together; whether that is done.
     *
     * @param found what was looked up
     * @param from whose memory to take
     */
    boolean collect(List<Gathered> found, Workspace from, BooleanSupplier yield) {
        List<SortPattern> gets = options.gets();
        if (gets.isEmpty()) {
            output = elements();
            collected = true;
        }
        if (collected) {
            return true;
        }
        Addresses to = output;
        if (to == null) {
            to = new Addresses(from, answers());
            output = to;
            written = 0;
        }
        while (written < answers()) {
            SortPattern pattern = gets.get((int) (written % gets.size()));
            to.add(pattern.self ? elements().get(written / gets.size()) : 0);
            written++;
            if (yield.getAsBoolean() && written < answers()) {
                return false;
            }
        }
        for (; lookup < found.size(); lookup++) {
            Gathered part = found.get(lookup);
            if (place != lookup + 1) {
                place = lookup + 1L;
                part.seek(0);
            }
            while (part.next()) {
                to.set(part.bits(part.record(), 0), part.record());
                if (yield.getAsBoolean()) {
                    return false;
                }
            }
        }
        collected = true;
        return true;
    }

    /** Before the answer is put together. */
    void beginToCollect() {
        lookup = 0;
        place = 0;
    }

    /** Before the answer is written, or stored. */
    void beginToWrite() {
        written = -1;
    }

    /** Goes on with the answer; whether it is whole. */
    boolean answer(ReplyWriter reply, BooleanSupplier yield) {
        if (written < 0) {
            reply.arrayHeader((int) answers());
            written = 0;
        }
        Gathered layout = records();
        Addresses all = Objects.requireNonNull(output);
        while (written < answers()) {
            long record = all.get(written++);
            if (record == 0) {
                reply.nullValue();
            } else {
                reply.bulk(layout.address(record), layout.length(record));
            }
            if (yield.getAsBoolean() && written < answers()) {
                return false;
            }
        }
        return true;
    }

    /** Goes on with giving the answer to a key, as a list; whether that has all of it. */
    boolean store(CommandCall call, BooleanSupplier yield) {
        int target = options.target();
        if (answers() == 0) {
            if (call.find(target) != 0) {
                call.keyspace().remove(call.address(target), call.length(target));
            }
            return true;
        }
        NewValue making = list;
        if (making == null) {
            making = call.shard().values().newValue(Keyspace.TYPE_LIST);
            list = making;
            written = 0;
        }
        Gathered layout = records();
        Addresses all = Objects.requireNonNull(output);
        while (written < answers()) {
            long record = all.get(written++);
            making.push(record == 0 ? 0 : layout.address(record), record == 0 ? 0 : layout.length(record));
            if (yield.getAsBoolean()) {
                return false;
            }
        }
        call.find(target);
        making.place(call.address(target), call.length(target), 0);
        failed();
        return true;
    }

    /** Gives back what is in the making, on the shard of that. */
    void failed() {
        if (list != null) {
            list.close();
            list = null;
        }
    }
}
