package io.solaster.store.command.algebra;

import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.Workspace;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * What one shard gathers for a command on several sets. For all of them together: the members of each of its sources, one
 * list behind the other. For what they have in common: the members that all of its sources have, with all of their scores. For
 * one without the others: where the first source lies, what it has beyond the others of this shard; elsewhere as for all.
 */
final class AlgebraPart implements Values.Work {
    final SetAlgebra command;
    /** Which of the command's sources lie here, ascending. */
    final int[] sources;
    private final boolean target;
    private final int all;
    private final long[] counts;
    private final long[] marks;
    private final long[] entries;
    private final int[] readIn;
    private final SourceWalk walk = new SourceWalk();
    private @Nullable Workspace workspace;
    private @Nullable Gathered records;
    private @Nullable AlgebraOptions options;
    private @Nullable String error;
    private int turn;
    private int looked;
    private int at = -1;
    private boolean gone;
    private boolean stop;

    /** On the shard that makes the result: where that is made. */
    @Nullable
    Combination combination;
    /** And what of. */
    AlgebraPart @Nullable [] parts;

    /**
     * @param target whether the key that is to be written lies here, as the first one
     * @param all how many sources the command has
     */
    AlgebraPart(SetAlgebra command, int[] sources, boolean target, int all) {
        this.all = all;
        this.command = command;
        this.sources = sources;
        this.target = target;
        counts = new long[sources.length];
        marks = new long[sources.length];
        entries = new long[sources.length];
        readIn = new int[sources.length];
    }

    /** Why it cannot be done, in Redis's words. */
    @Nullable
    String error() {
        return error;
    }

    AlgebraOptions options() {
        return options == null ? AlgebraOptions.NONE : options;
    }

    Gathered records() {
        return Objects.requireNonNull(records);
    }

    /** How many members a source of this shard has, by its place among those. */
    long count(int source) {
        return counts[source];
    }

    /** Where the members of a source begin. */
    long begin(int source) {
        return marks[source];
    }

    /** Where they end. */
    long end(int source) {
        return source + 1 < sources.length ? marks[source + 1] : records().mark();
    }

    private int argument(int source) {
        return command.firstSource(target) + source;
    }

    /**
     * Goes on with gathering.
     *
     * @param yield whether to leave off
     * @return whether it is done, or has failed
     */
    boolean gather(CommandCall call, BooleanSupplier yield) {
        turn++;
        if (workspace == null) {
            workspace = call.shard().workspace();
            options = command.hasOptions()
                    ? AlgebraOptions.read(call, command, argument(sources.length), all)
                    : AlgebraOptions.NONE;
            if (command.looksAtOptionsFirst() && options.error() != null) {
                error = options.error();
                return true;
            }
        }
        while (true) {
            if (!look(call, yield)) {
                return false;
            }
            if (error != null || options().error() != null) {
                return true;
            }
            boolean done = collect(call, yield);
            if (!gone) {
                return done;
            }
            // A source has expired meanwhile: as if it had before all.
            gone = false;
            looked = 0;
            records = null;
        }
    }

    /** Looks what the sources are; false to leave off. */
    private boolean look(CommandCall call, BooleanSupplier yield) {
        if (records != null) {
            return true;
        }
        while (looked < sources.length) {
            long entry = call.read(argument(looked));
            if (entry != 0 && !(command.sorted()
                    ? SourceWalk.isOne(call.keyspace(), entry)
                    : call.keyspace().type(entry) == Keyspace.TYPE_SET)) {
                error = Errors.WRONG_TYPE;
                return true;
            }
            counts[looked] = SourceWalk.count(call, argument(looked), entry);
            looked++;
            if (yield.getAsBoolean() && looked < sources.length) {
                return false;
            }
        }
        at = -1;
        records = new Gathered(Objects.requireNonNull(workspace), numbers());
        return true;
    }

    private int numbers() {
        if (!command.sorted()) {
            return 0;
        }
        return command.operation() == SetAlgebra.Operation.INTERSECTION ? Math.max(1, sources.length) : 1;
    }

    private long entry(CommandCall call, int source) {
        if (readIn[source] != turn) {
            readIn[source] = turn;
            entries[source] = call.keyspace().peek(call.address(argument(source)), call.length(argument(source)),
                    call.now());
        }
        gone |= entries[source] == 0 && counts[source] != 0;
        return entries[source];
    }

    private boolean collect(CommandCall call, BooleanSupplier yield) {
        return switch (command.operation()) {
            case UNION -> each(call, yield);
            case INTERSECTION -> common(call, yield);
            case DIFFERENCE -> sources.length > 0 && sources[0] == 0 ? beyond(call, yield) : each(call, yield);
        };
    }

    /** All members of each source. */
    private boolean each(CommandCall call, BooleanSupplier yield) {
        Gathered to = records();
        while (true) {
            if (at >= 0) {
                long entry = entry(call, at);
                if (gone || entry != 0 && !walk.goOn(call, argument(at), entry, yield, (address, length, score) -> {
                    long record = to.add(address, length);
                    if (command.sorted()) {
                        to.number(record, 0, score);
                    }
                })) {
                    return false;
                }
            }
            if (++at >= sources.length) {
                return true;
            }
            walk.begin();
            marks[at] = to.mark();
            if (yield.getAsBoolean()) {
                return false;
            }
        }
    }

    /** The members of the smallest source that all others have too. */
    private boolean common(CommandCall call, BooleanSupplier yield) {
        if (at < 0) {
            at = 0;
            for (int i = 1; i < counts.length; i++) {
                if (counts[i] < counts[at]) {
                    at = i;
                }
            }
            walk.begin();
        }
        if (sources.length == 0 || counts[at] == 0) {
            return true;
        }
        double[] scores = new double[sources.length];
        Gathered to = records();
        long most = sources.length == all ? options().limit() : 0;
        stop = false;
        long smallest = entry(call, at);
        if (gone) {
            return false;
        }
        boolean done = walk.goOn(call, argument(at), smallest, () -> stop |= yield.getAsBoolean(),
                (address, length, score) -> {
                    boolean everywhere = most == 0 || to.count() < most;
                    for (int i = 0; i < scores.length && everywhere; i++) {
                        long entry = entry(call, i);
                        scores[i] = entry == smallest
                                ? score
                                : SourceWalk.score(call, argument(i), entry, address, length);
                        everywhere = !Double.isNaN(scores[i]);
                        stop |= yield.getAsBoolean();
                    }
                    if (everywhere) {
                        long record = to.add(address, length);
                        for (int i = 0; command.sorted() && i < scores.length; i++) {
                            to.number(record, i, scores[i]);
                        }
                    }
                });
        return (done || most > 0 && to.count() >= most) && !gone;
    }

    /** The members of the first source that no other one has. */
    private boolean beyond(CommandCall call, BooleanSupplier yield) {
        if (at < 0) {
            at = 0;
            walk.begin();
        }
        if (counts[0] == 0) {
            return true;
        }
        Gathered to = records();
        stop = false;
        long first = entry(call, 0);
        if (gone) {
            return false;
        }
        boolean done = walk.goOn(call, argument(0), first, () -> stop |= yield.getAsBoolean(),
                (address, length, score) -> {
                    boolean elsewhere = false;
                    for (int i = 1; i < sources.length && !elsewhere; i++) {
                        long entry = entry(call, i);
                        elsewhere = entry == first
                                || !Double.isNaN(SourceWalk.score(call, argument(i), entry, address, length));
                        stop |= yield.getAsBoolean();
                    }
                    if (!elsewhere) {
                        long record = to.add(address, length);
                        if (command.sorted()) {
                            to.number(record, 0, score);
                        }
                    }
                });
        return done && !gone;
    }

    /** Where something was thrown on the shard that makes the result: what is in the making there goes at once. */
    void failed() {
        Combination making = combination;
        if (making != null) {
            making.failed();
        }
    }

    @Override
    public void close() {
        if (combination != null) {
            combination.close();
        }
        if (workspace != null) {
            workspace.close();
        }
    }
}
