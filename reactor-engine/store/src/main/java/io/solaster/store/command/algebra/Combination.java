package io.solaster.store.command.algebra;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.GatheredIndex;
import io.solaster.store.collection.NewValue;
import io.solaster.store.collection.Workspace;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * The result of a command on several sets, made of what the shards have gathered, in as many turns as it takes: {@link #make},
 * and then either {@link #answer} or {@link #store}. On one shard.
 */
final class Combination implements AutoCloseable {
    private final SetAlgebra command;
    private final AlgebraOptions options;
    private final AlgebraPart[] parts;
    private final StoreShard shard;
    private final Workspace workspace;
    private final Order[] order;
    private @Nullable GatheredIndex @Nullable [] indexes;
    private @Nullable Addresses result;
    private Gathered layout;
    private boolean made;
    private boolean sorted;
    /** Which part, or source, is gone through. */
    private int at = -1;
    private int base = -1;
    private long written = -1;
    private @Nullable NewValue newSet;
    private @Nullable SortedSetStore sortedSet;

    /** Where a source is, and how many members it has. */
    private record Order(int source, AlgebraPart part, int place, long count) {}

    /** @param parts those that have sources; at least one */
    Combination(SetAlgebra command, StoreShard shard, AlgebraPart[] parts) {
        this.command = command;
        this.shard = shard;
        this.parts = parts;
        this.workspace = shard.workspace();
        this.options = parts[0].options();
        this.layout = parts[0].records();
        int all = Arrays.stream(parts).mapToInt(part -> part.sources.length).sum();
        order = new Order[all];
        for (AlgebraPart part : parts) {
            for (int i = 0; i < part.sources.length; i++) {
                order[part.sources[i]] = new Order(part.sources[i], part, i, part.count(i));
            }
        }
        if (command.sorted()) {
            // In which order scores are added up shows in their last digits.
            Arrays.sort(order, Comparator.comparingLong(Order::count));
        }
    }

    private Addresses result() {
        return Objects.requireNonNull(result);
    }

    /** How many members the result has. */
    long count() {
        return result == null ? 0 : result.count();
    }

    /** Goes on with making the result; whether it is made. */
    boolean make(BooleanSupplier yield) {
        if (!made) {
            made = switch (command.operation()) {
                case UNION -> unite(yield);
                case INTERSECTION, DIFFERENCE -> filter(yield);
            };
        }
        if (made && !sorted) {
            sorted = !command.sorted() || command.counts() || result == null
                    || result.sort((one, other) -> SortedSetStore.compare(layout, one, other), yield);
        }
        return sorted;
    }

    private boolean unite(BooleanSupplier yield) {
        if (at < 0) {
            long all = Arrays.stream(order).mapToLong(Order::count).sum();
            indexes = new GatheredIndex[]{new GatheredIndex(workspace, shard.memberHash(), layout, all)};
            result = new Addresses(workspace, all);
            at = 0;
            order[0].part.records().seek(order[0].part.begin(order[0].place));
        }
        GatheredIndex index = Objects.requireNonNull(Objects.requireNonNull(indexes)[0]);
        while (true) {
            Gathered from = order[at].part.records();
            long end = order[at].part.end(order[at].place);
            while (from.place() != end && from.next()) {
                unite(index, from.record());
                if (yield.getAsBoolean()) {
                    return false;
                }
            }
            if (++at == order.length) {
                return true;
            }
            order[at].part.records().seek(order[at].part.begin(order[at].place));
            if (yield.getAsBoolean()) {
                return false;
            }
        }
    }

    private void unite(GatheredIndex index, long record) {
        long there = index.findOrAdd(record);
        if (command.sorted()) {
            double score = AlgebraOptions.number(options.weight(order[at].source) * layout.number(record, 0));
            layout.number(there, 0,
                    there == record ? score : options.aggregate().of(layout.number(there, 0), score));
        }
        if (there == record) {
            result().add(record);
        }
    }

    /** What one part has and all others do, or do not. */
    private boolean filter(BooleanSupplier yield) {
        if (base < 0) {
            base = base();
            layout = parts[base].records();
            if (layout.count() == 0) {
                return true;
            }
            indexes = new GatheredIndex[parts.length];
            result = new Addresses(workspace, layout.count());
            at = 0;
        }
        if (layout.count() == 0) {
            return true;
        }
        for (; at < parts.length; at++) {
            if (at != base && !index(yield)) {
                return false;
            }
        }
        if (at == parts.length) {
            layout.seek(0);
            at++;
        }
        while (options.limit() == 0 || result().count() < options.limit()) {
            if (!layout.next()) {
                return true;
            }
            if (passes(layout.record())) {
                result().add(layout.record());
            }
            if (yield.getAsBoolean()) {
                return false;
            }
        }
        return true;
    }

    private int base() {
        int found = 0;
        for (int i = 0; i < parts.length; i++) {
            if (command.operation() == SetAlgebra.Operation.DIFFERENCE) {
                found = parts[i].sources[0] == 0 ? i : found;
            } else if (parts[i].records().count() < parts[found].records().count()) {
                found = i;
            }
        }
        return found;
    }

    private boolean index(BooleanSupplier yield) {
        Gathered records = parts[at].records();
        @Nullable
        GatheredIndex[] all = Objects.requireNonNull(indexes);
        GatheredIndex index = all[at];
        if (index == null) {
            index = new GatheredIndex(workspace, shard.memberHash(), records, records.count());
            all[at] = index;
            records.seek(0);
        }
        while (records.next()) {
            index.findOrAdd(records.record());
            if (yield.getAsBoolean()) {
                return false;
            }
        }
        return true;
    }

    private boolean passes(long record) {
        @Nullable
        GatheredIndex[] all = Objects.requireNonNull(indexes);
        long address = layout.address(record);
        int length = layout.length(record);
        boolean common = command.operation() == SetAlgebra.Operation.INTERSECTION;
        for (GatheredIndex index : all) {
            if (index != null && index.find(address, length) != 0 != common) {
                return false;
            }
        }
        if (common && command.sorted() && !command.counts()) {
            layout.number(record, 0, score(all, record, address, length));
        }
        return true;
    }

    private double score(@Nullable GatheredIndex[] all, long record, long address, int length) {
        double score = 0;
        for (int i = 0; i < order.length; i++) {
            Order source = order[i];
            GatheredIndex index = all.length == 1 ? null : all[indexOf(source.part)];
            double its = source.part.records().number(index == null ? record : index.find(address, length),
                    source.place) * options.weight(source.source);
            score = i == 0 ? AlgebraOptions.number(its) : options.aggregate().of(score, its);
        }
        return score;
    }

    private int indexOf(AlgebraPart part) {
        int i = 0;
        while (parts[i] != part) {
            i++;
        }
        return i;
    }

    /** Goes on with the answer; whether it is whole. */
    boolean answer(ReplyWriter reply, BooleanSupplier yield) {
        if (command.counts()) {
            reply.integer(count());
            return true;
        }
        boolean scores = options.scores();
        boolean nested = scores && reply.resp3();
        if (written < 0) {
            written = 0;
            if (command.sorted()) {
                reply.arrayHeader((int) (scores && !nested ? 2 * count() : count()));
            } else {
                reply.setHeader((int) count());
            }
        }
        while (written < count()) {
            long record = result().get(written++);
            if (nested) {
                reply.arrayHeader(2);
            }
            reply.bulk(layout.address(record), layout.length(record));
            if (scores) {
                reply.doubleValue(layout.number(record, 0));
            }
            if (yield.getAsBoolean() && written < count()) {
                return false;
            }
        }
        return true;
    }

    /** Goes on with writing the result to the key that is the first argument; whether that is done. */
    boolean store(CommandCall call, BooleanSupplier yield) {
        if (count() == 0) {
            SortedSetStore.remove(call, 1);
            return true;
        }
        return command.sorted() ? storeSortedSet(call, yield) : storeSet(call, yield);
    }

    private boolean storeSet(CommandCall call, BooleanSupplier yield) {
        NewValue set = newSet;
        if (set == null) {
            set = shard.values().newValue(Keyspace.TYPE_SET);
            newSet = set;
            written = 0;
        }
        while (written < count()) {
            long record = result().get(written++);
            set.add(layout.address(record), layout.length(record));
            if (yield.getAsBoolean()) {
                return false;
            }
        }
        call.find(1);
        set.place(call.address(1), call.length(1), 0);
        failed();
        return true;
    }

    private boolean storeSortedSet(CommandCall call, BooleanSupplier yield) {
        SortedSetStore store = sortedSet;
        if (store == null) {
            store = new SortedSetStore(layout, result());
            sortedSet = store;
        }
        return store.goOn(call, 1, yield);
    }

    /** Gives back what is in the making, on the shard of that. */
    void failed() {
        if (newSet != null) {
            newSet.close();
            newSet = null;
        }
        if (sortedSet != null) {
            sortedSet.failed();
        }
    }

    @Override
    public void close() {
        workspace.close();
    }
}
