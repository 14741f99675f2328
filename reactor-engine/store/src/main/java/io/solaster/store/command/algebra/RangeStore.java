package io.solaster.store.command.algebra;

import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.collection.Workspace;
import io.solaster.store.command.collection.RangeArguments;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/** {@code ZRANGESTORE}: the shard of the source copies the range, then that of the target makes its value of that. */
public final class RangeStore implements Spread {
    /** Over two shards, or in several turns. */
    public static final RangeStore ZRANGESTORE = new RangeStore();

    private static final long SHORT = 2048;

    private RangeStore() {}

    /** A range that is copied. */
    private static final class Copy implements Values.Work {
        private final Workspace workspace;
        private final RangeArguments range;
        private final Gathered members;
        private @Nullable Addresses order;
        private @Nullable SortedSetStore store;
        private @Nullable String error;
        private long next;
        private long end = -1;

        Copy(CommandCall call, int source) {
            workspace = call.shard().workspace();
            range = RangeArguments.read(call, source + 1, null, false, true);
            members = new Gathered(workspace, 1);
            error = range.error();
        }

        /** Goes on with copying, the lowest first; whether all is copied. */
        boolean goOn(CommandCall call, int source, BooleanSupplier yield) {
            long entry = end < 0
                    ? call.read(source)
                    : call.keyspace().peek(call.address(source), call.length(source), call.now());
            if (entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_ZSET) {
                error = Errors.WRONG_TYPE;
                return true;
            }
            SortedSets set = call.shard().sortedSets();
            set.open(call.address(source), call.length(source), entry);
            if (end < 0) {
                range.find(call, set);
                next = range.reverse() ? range.rank() - range.count() + 1 : range.rank();
                end = next + range.count();
                order = new Addresses(workspace, range.count());
            }
            Addresses to = Objects.requireNonNull(order);
            if (entry == 0) {
                // It may have expired since the turn before: as if it had before all.
                to.keep(0, 0);
                return true;
            }
            if (next == end) {
                return true;
            }
            set.seek(next);
            while (true) {
                long record = members.add(set.address(), set.length());
                members.number(record, 0, set.score());
                to.add(record);
                if (++next == end) {
                    return true;
                }
                if (yield.getAsBoolean()) {
                    return false;
                }
                set.next();
            }
        }

        boolean store(CommandCall call, BooleanSupplier yield) {
            SortedSetStore making = store;
            if (making == null) {
                making = new SortedSetStore(members, Objects.requireNonNull(order));
                store = making;
            }
            return making.goOn(call, 1, yield);
        }

        long count() {
            return Objects.requireNonNull(order).count();
        }

        void failed() {
            if (store != null) {
                store.failed();
            }
        }

        @Override
        public void close() {
            workspace.close();
        }
    }

    /** On one shard. */
    public static void zrangestore(CommandCall call) {
        Copy copy = new Copy(call, 2);
        try (copy) {
            if (copy.error == null) {
                copy.goOn(call, 2, Turns::never);
            }
            if (copy.error != null) {
                call.reply().error(copy.error);
                return;
            }
            copy.store(call, Turns::never);
            call.reply().integer(copy.count());
        } catch (Workspace.Full full) {
            call.reply().error(full.answer());
        } finally {
            copy.failed();
        }
    }

    @Override
    public boolean isLong(CommandCall call) {
        if (call.keys().count() == 0) {
            return false;
        }
        if (!SetAlgebra.isHere(call)) {
            return true;
        }
        int source = call.keys().at(1);
        long entry = call.keyspace().peek(call.address(source), call.length(source), Long.MIN_VALUE);
        return entry != 0 && call.keyspace().type(entry) == Keyspace.TYPE_ZSET
                && SourceWalk.count(call, source, entry) > SHORT;
    }

    @Override
    public int hops() {
        return 2;
    }

    // What a part is.
    private static final int SOURCE = 1;
    private static final int TARGET = 2;

    @Override
    public void prepare(Transaction transaction) {
        transaction.values(transaction.owner(1)).number(SOURCE);
        Values target = transaction.values(transaction.owner(0));
        target.number(target.number() | TARGET);
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        Copy copy = (Copy) values.work();
        try {
            if (hop == 0 && (values.number() & SOURCE) != 0) {
                int source = (values.number() & TARGET) != 0 ? 2 : 1;
                if (copy == null) {
                    copy = new Copy(call, source);
                    values.work(copy);
                }
                if (copy.error == null && !copy.goOn(call, source, call::isToYield)) {
                    call.goOn(1);
                } else if (copy.error != null) {
                    values.error(copy.error);
                }
            } else if (hop == 1 && copy != null && !copy.store(call, call::isToYield)) {
                call.goOn(1);
            }
        } catch (Workspace.Full full) {
            values.error(full.answer());
        } catch (Throwable failure) {
            if (copy != null) {
                copy.failed();
            }
            throw failure;
        }
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        transaction.exchange(transaction.owner(0), transaction.owner(1));
        return true;
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        Copy copy = (Copy) Objects.requireNonNull(transaction.values(transaction.owner(0)).work());
        reply.integer(copy.count());
        return true;
    }
}
