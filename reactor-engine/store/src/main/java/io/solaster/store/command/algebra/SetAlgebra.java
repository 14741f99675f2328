package io.solaster.store.command.algebra;

import java.util.Objects;

import io.solaster.engine.Slots;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Workspace;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;

/**
 * The commands on several sets, or sorted sets: on one shard by {@link #run(CommandCall)}, and in hops over several, or where
 * there is more to do than a turn has time for. First each shard gathers what its sources hold; then the result is made, on
 * the client's shard if it is answered, else on that of the key which is written. The value of that is built aside, so that
 * the key has all of it or is as it was.
 */
public final class SetAlgebra implements Spread {
    /** {@code SINTER}. */
    public static final SetAlgebra SINTER = of(Operation.INTERSECTION, false);
    /** {@code SUNION}. */
    public static final SetAlgebra SUNION = of(Operation.UNION, false);
    /** {@code SDIFF}. */
    public static final SetAlgebra SDIFF = of(Operation.DIFFERENCE, false);
    /** {@code SINTERSTORE}. */
    public static final SetAlgebra SINTERSTORE = storing(Operation.INTERSECTION, false);
    /** {@code SUNIONSTORE}. */
    public static final SetAlgebra SUNIONSTORE = storing(Operation.UNION, false);
    /** {@code SDIFFSTORE}. */
    public static final SetAlgebra SDIFFSTORE = storing(Operation.DIFFERENCE, false);
    /** {@code SINTERCARD}. */
    public static final SetAlgebra SINTERCARD = counting(false);
    /** {@code ZINTER}. */
    public static final SetAlgebra ZINTER = of(Operation.INTERSECTION, true);
    /** {@code ZUNION}. */
    public static final SetAlgebra ZUNION = of(Operation.UNION, true);
    /** {@code ZDIFF}. */
    public static final SetAlgebra ZDIFF = of(Operation.DIFFERENCE, true);
    /** {@code ZINTERSTORE}. */
    public static final SetAlgebra ZINTERSTORE = storing(Operation.INTERSECTION, true);
    /** {@code ZUNIONSTORE}. */
    public static final SetAlgebra ZUNIONSTORE = storing(Operation.UNION, true);
    /** {@code ZDIFFSTORE}. */
    public static final SetAlgebra ZDIFFSTORE = storing(Operation.DIFFERENCE, true);
    /** {@code ZINTERCARD}. */
    public static final SetAlgebra ZINTERCARD = counting(true);

    /** Members of all sources together that are no more than a turn has time for. */
    private static final long SHORT = 2048;

    enum Operation {
        INTERSECTION, UNION, DIFFERENCE
    }

    private final Operation operation;
    private final boolean sorted;
    private final boolean stored;
    private final boolean counts;

    private SetAlgebra(Operation operation, boolean sorted, boolean stored, boolean counts) {
        this.operation = operation;
        this.sorted = sorted;
        this.stored = stored;
        this.counts = counts;
    }

    private static SetAlgebra of(Operation operation, boolean sorted) {
        return new SetAlgebra(operation, sorted, false, false);
    }

    private static SetAlgebra storing(Operation operation, boolean sorted) {
        return new SetAlgebra(operation, sorted, true, false);
    }

    private static SetAlgebra counting(boolean sorted) {
        return new SetAlgebra(Operation.INTERSECTION, sorted, false, true);
    }

    Operation operation() {
        return operation;
    }

    /** Whether it is about sorted sets. */
    boolean sorted() {
        return sorted;
    }

    /** Whether the result becomes a key's value. */
    boolean stored() {
        return stored;
    }

    /** Whether only the number of members is answered. */
    boolean counts() {
        return counts;
    }

    /** Whether a number says how many sources there are, and options may follow them. */
    boolean hasOptions() {
        return sorted || counts;
    }

    /** Whether wrong options are told before wrong sources. */
    boolean looksAtOptionsFirst() {
        return counts && !sorted;
    }

    /** Which argument the first source is. */
    int firstSource(boolean target) {
        return 1 + (target ? 1 : 0) + (hasOptions() ? 1 : 0);
    }

    // ---- on one shard

    /** Runs it, at once. */
    public void run(CommandCall call) {
        int sources = sources(call);
        if (sources == 0) {
            return;
        }
        int[] all = new int[sources];
        for (int i = 0; i < sources; i++) {
            all[i] = i;
        }
        ReplyWriter reply = call.reply();
        try (AlgebraPart part = new AlgebraPart(this, all, stored, sources)) {
            part.gather(call, Turns::never);
            if (part.error() != null || part.options().error() != null) {
                reply.error(Objects.requireNonNullElse(part.error(), String.valueOf(part.options().error())));
                return;
            }
            try (Combination made = new Combination(this, call.shard(), new AlgebraPart[]{part})) {
                made.make(Turns::never);
                if (!stored) {
                    made.answer(reply, Turns::never);
                    return;
                }
                try {
                    made.store(call, Turns::never);
                } finally {
                    made.failed();
                }
                reply.integer(made.count());
            }
        } catch (Workspace.Full full) {
            reply.error(full.answer());
        }
    }

    /** How many sources a call has; 0 after having answered why it has none. */
    private int sources(CommandCall call) {
        if (!hasOptions()) {
            return call.count() - firstSource(stored);
        }
        int at = firstSource(stored) - 1;
        boolean number = call.isInteger(at);
        long asked = number ? call.integer() : 0;
        String error = null;
        if (looksAtOptionsFirst()) {
            error = asked < 1
                    ? "ERR numkeys should be greater than 0"
                    : asked > call.count() - at - 1 ? "ERR Number of keys can't be greater than number of args" : null;
        } else if (!number) {
            error = Errors.NOT_INTEGER;
        } else if (asked < 1) {
            error = "ERR at least 1 input key is needed for '" + name(call) + "' command";
        } else if (asked > call.count() - at - 1) {
            error = Errors.SYNTAX;
        }
        if (error != null) {
            call.reply().error(error);
            return 0;
        }
        return (int) asked;
    }

    private static String name(CommandCall call) {
        return call.text(0).toLowerCase(java.util.Locale.ROOT);
    }

    // ---- over several shards, or in several turns

    /** Whether the first key of a call lies on the client's shard: only there may it be looked at before the call is run. */
    public static boolean isHere(CommandCall call) {
        int shards = call.shard().parts().count();
        int first = call.keys().at(0);
        return shards == 1 || Slots.shardOf(Slots.of(call.address(first), call.length(first)), shards) == call.shard()
                .shard().id();
    }

    @Override
    public boolean isLong(CommandCall call) {
        KeyPositions keys = call.keys();
        if (keys.count() == 0) {
            return false;
        }
        if (!isHere(call)) {
            return true;
        }
        long all = 0;
        long fewest = Long.MAX_VALUE;
        Keyspace keyspace = call.keyspace();
        for (int key = stored ? 1 : 0; key < keys.count(); key++) {
            int argument = keys.at(key);
            // This only looks, and removes nothing that is due: others may be using the key.
            long entry = keyspace.peek(call.address(argument), call.length(argument), Long.MIN_VALUE);
            long count = entry != 0 && SourceWalk.isOne(keyspace, entry)
                    ? SourceWalk.count(call, argument, entry)
                    : 0;
            all += count;
            fewest = Math.min(fewest, count);
        }
        return operation == Operation.INTERSECTION ? fewest > SHORT / keys.count() : all > SHORT;
    }

    @Override
    public int hops() {
        return stored ? 2 : 1;
    }

    @Override
    public void prepare(Transaction transaction) {
        int first = stored ? 1 : 0;
        int sources = transaction.keys() - first;
        int[] counts = new int[transaction.shard().parts().count()];
        for (int i = 0; i < sources; i++) {
            counts[transaction.owner(first + i)]++;
        }
        int[][] each = new int[counts.length][];
        for (int i = sources - 1; i >= 0; i--) {
            int owner = transaction.owner(first + i);
            if (each[owner] == null) {
                each[owner] = new int[counts[owner]];
            }
            each[owner][--counts[owner]] = i;
        }
        for (int owner = 0; owner < each.length; owner++) {
            boolean target = stored && transaction.owner(0) == owner;
            if (each[owner] != null || target) {
                transaction.values(owner)
                        .work(new AlgebraPart(this, each[owner] == null ? new int[0] : each[owner], target, sources));
            }
        }
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        AlgebraPart part = (AlgebraPart) Objects.requireNonNull(values.work());
        try {
            if (hop == 0) {
                if (!part.gather(call, call::isToYield)) {
                    call.goOn(1);
                } else if (part.error() != null) {
                    values.error(part.error());
                }
            } else if (part.parts != null && !store(call, values, part, part.parts)) {
                call.goOn(1);
            }
        } catch (Workspace.Full full) {
            part.failed();
            values.error(full.answer());
        } catch (Throwable failure) {
            part.failed();
            throw failure;
        }
    }

    /** On the shard of the key that is written. */
    private boolean store(CommandCall call, Values values, AlgebraPart part, AlgebraPart[] parts) {
        Combination made = part.combination;
        if (made == null) {
            made = new Combination(this, call.shard(), parts);
            part.combination = made;
        }
        if (!made.make(call::isToYield) || !made.store(call, call::isToYield)) {
            return false;
        }
        values.number(made.count());
        return true;
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        AlgebraPart[] parts = parts(transaction);
        if (parts[0].options().error() != null) {
            return false;
        }
        part(transaction, 0).parts = parts;
        return true;
    }

    private static AlgebraPart part(Transaction transaction, int key) {
        return (AlgebraPart) Objects.requireNonNull(transaction.values(transaction.owner(key)).work());
    }

    /** The parts that have sources. */
    private static AlgebraPart[] parts(Transaction transaction) {
        int shards = transaction.shard().parts().count();
        AlgebraPart[] parts = new AlgebraPart[shards];
        int count = 0;
        for (int i = 0; i < shards; i++) {
            if (transaction.values(i).work() instanceof AlgebraPart part && part.sources.length > 0) {
                parts[count++] = part;
            }
        }
        return java.util.Arrays.copyOf(parts, count);
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        AlgebraPart first = part(transaction, 0);
        Combination made = first.combination;
        if (stored && made != null) {
            reply.integer(transaction.values(transaction.owner(0)).number());
            return true;
        }
        if (made == null) {
            AlgebraPart[] parts = parts(transaction);
            String error = parts[0].options().error();
            if (error != null) {
                reply.error(error);
                return true;
            }
            made = new Combination(this, transaction.shard(), parts);
            first.combination = made;
        }
        try {
            return made.make(transaction::isToYield) && made.answer(reply, transaction::isToYield);
        } catch (Workspace.Full full) {
            reply.error(full.answer());
            return true;
        }
    }
}
