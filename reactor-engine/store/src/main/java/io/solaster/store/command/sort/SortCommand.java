package io.solaster.store.command.sort;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.Workspace;
import io.solaster.store.command.algebra.SetAlgebra;
import io.solaster.store.command.algebra.SourceWalk;
import io.solaster.store.command.algebra.Turns;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * {@code SORT} and {@code SORT_RO}. Where a pattern names keys the command has all shards, with all of their keys, for as long
 * as it takes, so that it sees all of them as they were at one moment.
 */
public final class SortCommand implements Spread {
    /** {@code SORT}. */
    public static final SortCommand SORT = new SortCommand(true);
    /** {@code SORT_RO}. */
    public static final SortCommand SORT_RO = new SortCommand(false);

    /** Elements that are no more than a turn has time for. */
    private static final long SHORT = 512;

    private final boolean stores;

    /** What comes next. A step that is not needed is left out. */
    private enum Step {
        READ, WEIGH, ORDER, GET, FINISH
    }

    private SortCommand(boolean stores) {
        this.stores = stores;
    }

    /** Where the keys stand. */
    public Command.KeyFinder keys() {
        return (call, from, count, found) -> SortOptions.keys(call, from, count, found, stores);
    }

    /** What one shard does of it. */
    private static final class Part implements Values.Work {
        private final boolean source;
        private final boolean target;
        private @Nullable Workspace workspace;
        private @Nullable Workspace answer;
        private @Nullable SortOptions options;
        private @Nullable Sorting sorting;
        private @Nullable PatternLookup lookup;
        /** What all parts have looked up. */
        private @Nullable List<Gathered> found;
        private Step step = Step.READ;
        private @Nullable String error;

        Part(boolean source, boolean target) {
            this.source = source;
            this.target = target;
        }

        /** Goes on with a step; whether it is done. */
        boolean goOn(CommandCall call, boolean stores, BooleanSupplier yield) {
            Workspace memory = memory(call.shard());
            SortOptions how = options;
            if (how == null) {
                how = SortOptions.read(call, stores);
                options = how;
                error = how.error();
                if (error == null && source) {
                    sorting = new Sorting(how, memory);
                }
            }
            if (error != null) {
                return true;
            }
            boolean done = switch (step) {
                case READ -> !source || read(call, yield);
                case WEIGH -> look(call, memory, List.of(Objects.requireNonNull(sorting().by())), yield);
                case ORDER -> !source || sorting().sort(Objects.requireNonNull(found), yield);
                case GET -> look(call, memory, how.gets(), yield);
                case FINISH -> !target || finish(call, memory, yield);
            };
            if (done && sorting != null) {
                error = sorting.error();
            }
            return done;
        }

        private Workspace memory(StoreShard shard) {
            Workspace made = workspace;
            if (made == null) {
                made = shard.workspace();
                workspace = made;
            }
            return made;
        }

        /** Memory of the client's shard, for the answer. */
        private Workspace forAnswer(StoreShard shard) {
            Workspace made = answer;
            if (made == null) {
                made = shard.workspace();
                answer = made;
            }
            return made;
        }

        private Sorting sorting() {
            return Objects.requireNonNull(sorting);
        }

        /** What is sorted by itself is sorted at once. */
        private boolean read(CommandCall call, BooleanSupplier yield) {
            Sorting own = sorting();
            return own.read(call, yield)
                    && (own.error() != null || own.by() != null || own.sort(null, yield));
        }

        private boolean look(CommandCall call, Workspace memory, List<SortPattern> patterns, BooleanSupplier yield) {
            PatternLookup looking = lookup;
            if (looking == null) {
                looking = new PatternLookup(call.shard(), memory, sorting().records(), sorting().elements(), patterns);
                lookup = looking;
            }
            return looking.goOn(call, yield);
        }

        private boolean finish(CommandCall call, Workspace memory, BooleanSupplier yield) {
            return sorting().collect(found == null ? List.of() : found, memory, yield)
                    && sorting().store(call, yield);
        }

        void failed() {
            if (sorting != null) {
                sorting.failed();
            }
        }

        /** The step that follows; null if none does. */
        @Nullable
        Step next(SortOptions how) {
            boolean finish = how.target() > 0;
            return switch (step) {
                case READ ->
                    sorting().by() != null ? Step.WEIGH : how.getsKeys() ? Step.GET : finish ? Step.FINISH : null;
                case WEIGH -> Step.ORDER;
                case ORDER -> how.getsKeys() ? Step.GET : finish ? Step.FINISH : null;
                case GET -> finish ? Step.FINISH : null;
                case FINISH -> null;
            };
        }

        @Override
        public void close() {
            if (lookup != null) {
                lookup.close();
            }
            if (workspace != null) {
                workspace.close();
            }
            if (answer != null) {
                answer.close();
            }
        }
    }

    /** Has all parts begin a step; false if none is left. */
    private static boolean advance(List<Part> parts) {
        Part source = parts.stream().filter(part -> part.source).findFirst().orElseThrow();
        SortOptions how = Objects.requireNonNull(source.options);
        Step next = source.next(how);
        if (next == null) {
            return false;
        }
        List<Gathered> found = null;
        if (source.step == Step.WEIGH || source.step == Step.GET) {
            found = parts.stream().map(part -> Objects.requireNonNull(part.lookup).found()).toList();
        }
        for (Part part : parts) {
            part.step = next;
            part.sorting = source.sorting;
            part.found = found;
            if (part.lookup != null) {
                part.lookup.close();
                part.lookup = null;
            }
        }
        if (next == Step.FINISH) {
            Objects.requireNonNull(source.sorting).beginToCollect();
        }
        return true;
    }

    // ---- on one shard

    /** Runs it, at once. */
    public void run(CommandCall call) {
        Part part = new Part(true, true);
        List<Part> parts = List.of(part);
        ReplyWriter reply = call.reply();
        try {
            boolean more = true;
            while (more) {
                part.goOn(call, stores, Turns::never);
                if (part.error != null) {
                    reply.error(part.error);
                    return;
                }
                more = advance(parts);
            }
            Sorting sorting = part.sorting();
            if (Objects.requireNonNull(part.options).target() > 0) {
                reply.integer(sorting.answers());
            } else {
                sorting.beginToCollect();
                sorting.collect(looked(parts), part.memory(call.shard()), Turns::never);
                sorting.beginToWrite();
                sorting.answer(reply, Turns::never);
            }
        } catch (Workspace.Full full) {
            reply.error(full.answer());
        } finally {
            part.failed();
            part.close();
        }
    }

    /** What was looked up for the answer. */
    private static List<Gathered> looked(List<Part> parts) {
        List<Gathered> found = new ArrayList<>();
        for (Part part : parts) {
            if (part.step == Step.GET && part.lookup != null) {
                found.add(part.lookup.found());
            }
        }
        return found;
    }

    // ---- over several shards, or in several turns

    @Override
    public boolean isLong(CommandCall call) {
        if (call.keys().count() == 0) {
            return false;
        }
        if (!SetAlgebra.isHere(call)) {
            return true;
        }
        // As of the beginning of time nothing is due, so that this only looks: others may be using the key.
        long entry = call.keyspace().peek(call.address(SortOptions.SOURCE), call.length(SortOptions.SOURCE),
                Long.MIN_VALUE);
        return entry != 0 && (call.keyspace().type(entry) == Keyspace.TYPE_LIST
                || SourceWalk.isOne(call.keyspace(), entry)) && Sorting.count(call, entry) > SHORT;
    }

    @Override
    public int hops() {
        return Step.values().length;
    }

    @Override
    public void prepare(Transaction transaction) {
        int shards = transaction.shard().parts().count();
        for (int i = 0; i < shards; i++) {
            boolean source = transaction.owner(0) == i;
            boolean target = transaction.keys() > 1 && transaction.owner(1) == i;
            transaction.values(i).work(new Part(source, target));
        }
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        Part part = (Part) Objects.requireNonNull(values.work());
        try {
            if (!part.goOn(call, stores, call::isToYield)) {
                call.goOn(1);
            } else if (part.error != null) {
                values.error(part.error);
            }
        } catch (Workspace.Full full) {
            part.failed();
            values.error(full.answer());
        } catch (Throwable failure) {
            part.failed();
            throw failure;
        }
    }

    private static List<Part> parts(Transaction transaction) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < transaction.shard().parts().count(); i++) {
            if (transaction.values(i).work() instanceof Part part && part.options != null) {
                parts.add(part);
            }
        }
        return parts;
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        return advance(parts(transaction));
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        List<Part> parts = parts(transaction);
        Part source = parts.stream().filter(part -> part.source).findFirst().orElseThrow();
        Sorting sorting = source.sorting();
        if (Objects.requireNonNull(source.options).target() > 0) {
            reply.integer(sorting.answers());
            return true;
        }
        try {
            if (transaction.progress() == 0) {
                sorting.beginToCollect();
                transaction.progress(1);
            }
            if (transaction.progress() == 1) {
                if (!sorting.collect(looked(parts), source.forAnswer(transaction.shard()), transaction::isToYield)) {
                    return false;
                }
                sorting.beginToWrite();
                transaction.progress(2);
            }
            return sorting.answer(reply, transaction::isToYield);
        } catch (Workspace.Full full) {
            reply.error(full.answer());
            return true;
        }
    }
}
