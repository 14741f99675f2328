package io.solaster.store.command.geo;

import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.collection.Workspace;
import io.solaster.store.command.algebra.SetAlgebra;
import io.solaster.store.command.algebra.SortedSetStore;
import io.solaster.store.command.algebra.SourceWalk;
import io.solaster.store.command.algebra.Turns;
import io.solaster.store.command.geo.SearchArguments.Kind;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * Searches for places: the shard of the sorted set copies what is found, and sorts it; that is answered, or becomes the value
 * of a key on that one's shard. All of it leaves off and goes on.
 */
public final class GeoSearch implements Spread {
    /** {@code GEORADIUS}. */
    public static final GeoSearch GEORADIUS = new GeoSearch(Kind.RADIUS);
    /** {@code GEORADIUS_RO}. */
    public static final GeoSearch GEORADIUS_RO = new GeoSearch(Kind.RADIUS_RO);
    /** {@code GEORADIUSBYMEMBER}. */
    public static final GeoSearch GEORADIUSBYMEMBER = new GeoSearch(Kind.MEMBER);
    /** {@code GEORADIUSBYMEMBER_RO}. */
    public static final GeoSearch GEORADIUSBYMEMBER_RO = new GeoSearch(Kind.MEMBER_RO);
    /** {@code GEOSEARCH}. */
    public static final GeoSearch GEOSEARCH = new GeoSearch(Kind.SEARCH);
    /** {@code GEOSEARCHSTORE}. */
    public static final GeoSearch GEOSEARCHSTORE = new GeoSearch(Kind.SEARCHSTORE);

    /** Members that are no more than a turn has time for. */
    private static final long SHORT = 1024;

    private final Kind kind;

    private GeoSearch(Kind kind) {
        this.kind = kind;
    }

    /** Where the keys stand. */
    public Command.KeyFinder keys() {
        return kind::keys;
    }

    /** What is found, with the score of each first and its distance behind that. */
    private static final class Found implements Values.Work {
        private static final int SCORE = 0;
        private static final int DISTANCE = 1;

        private final Workspace workspace;
        private final Gathered members;
        private SearchArguments arguments;
        private @Nullable Shape shape;
        private @Nullable Addresses order;
        private @Nullable SortedSetStore store;
        private @Nullable String error;
        private boolean ready;
        private int cell = -1;
        private long rank;
        private long behind;
        private boolean all;
        private boolean sorted;
        private long next = -1;

        Found(CommandCall call, Kind kind) {
            workspace = call.shard().workspace();
            members = new Gathered(workspace, 2);
            long entry = call.read(kind.source());
            boolean wrong = entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_ZSET;
            SortedSets set = wrong ? null : open(call, kind, entry);
            arguments = SearchArguments.read(call, kind, entry == 0 ? null : set);
            error = wrong ? Errors.WRONG_TYPE : arguments.error();
            if (error == null && entry != 0) {
                shape = arguments.shape();
            }
        }

        private static SortedSets open(CommandCall call, Kind kind, long entry) {
            SortedSets set = call.shard().sortedSets();
            set.open(call.address(kind.source()), call.length(kind.source()), entry);
            return set;
        }

        /** Goes on with searching and sorting; whether both are done. */
        boolean goOn(CommandCall call, Kind kind, BooleanSupplier yield) {
            Shape within = shape;
            if (within != null && !all) {
                long entry = call.keyspace().peek(call.address(kind.source()), call.length(kind.source()), call.now());
                // It may have expired since the turn before: as if it had ended there.
                if (entry != 0 && !search(open(call, kind, entry), within, yield)) {
                    return false;
                }
            }
            all = true;
            return sort(yield);
        }

        private boolean search(SortedSets set, Shape within, BooleanSupplier yield) {
            while (true) {
                if (rank >= behind) {
                    if (++cell == within.cells() || isEnough()) {
                        return true;
                    }
                    rank = set.below(within.from(cell), false);
                    behind = set.below(within.to(cell), false);
                    continue;
                }
                set.seek(rank);
                while (rank < behind && !isEnough()) {
                    look(set, within);
                    rank++;
                    if (yield.getAsBoolean()) {
                        return false;
                    }
                    if (rank < behind) {
                        set.next();
                    }
                }
                if (isEnough()) {
                    return true;
                }
            }
        }

        private boolean isEnough() {
            return arguments.enough() > 0 && members.count() >= arguments.enough();
        }

        private void look(SortedSets set, Shape within) {
            double score = set.score();
            double distance = within.distance(Cell.longitude(score), Cell.latitude(score));
            if (!Double.isNaN(distance)) {
                long record = members.add(set.address(), set.length());
                members.number(record, SCORE, score);
                members.number(record, DISTANCE, distance);
            }
        }

        private boolean sort(BooleanSupplier yield) {
            Addresses found = order;
            if (found == null) {
                found = new Addresses(workspace, members.count());
                order = found;
                members.seek(0);
            }
            while (!ready && members.next()) {
                found.add(members.record());
                if (yield.getAsBoolean()) {
                    return false;
                }
            }
            ready = true;
            if (!sorted) {
                int way = arguments.order();
                if (way != 0 && !found.sort((one, other) -> way
                        * Double.compare(members.number(one, DISTANCE), members.number(other, DISTANCE)), yield)) {
                    return false;
                }
                if (arguments.most() > 0 && arguments.most() < found.count()) {
                    found.keep(0, arguments.most());
                }
                sorted = true;
            }
            return true;
        }

        long count() {
            return order == null ? 0 : order.count();
        }

        /** Goes on with the answer; whether it is whole. */
        boolean answer(ReplyWriter reply, BooleanSupplier yield) {
            if (next < 0) {
                reply.arrayHeader((int) count());
                next = 0;
            }
            int more = (arguments.distances() ? 1 : 0) + (arguments.cells() ? 1 : 0) + (arguments.places() ? 1 : 0);
            while (next < count()) {
                long record = Objects.requireNonNull(order).get(next++);
                if (more > 0) {
                    reply.arrayHeader(1 + more);
                }
                reply.bulk(members.address(record), members.length(record));
                if (arguments.distances()) {
                    GeoCommands.distance(reply, members.number(record, DISTANCE) / arguments.unit());
                }
                double score = members.number(record, SCORE);
                if (arguments.cells()) {
                    reply.integer((long) score);
                }
                if (arguments.places()) {
                    GeoCommands.place(reply, score);
                }
                if (yield.getAsBoolean() && next < count()) {
                    return false;
                }
            }
            return true;
        }

        /** Goes on with giving what was found to a key; whether that has all of it. */
        boolean store(CommandCall call, BooleanSupplier yield) {
            SortedSetStore making = store;
            if (making == null) {
                Addresses found = Objects.requireNonNull(order);
                if (next < 0) {
                    next = 0;
                }
                while (arguments.storesDistances() && next < found.count()) {
                    long record = found.get(next++);
                    members.number(record, SCORE, members.number(record, DISTANCE) / arguments.unit());
                    if (yield.getAsBoolean()) {
                        return false;
                    }
                }
                making = new SortedSetStore(members, found);
                store = making;
            }
            return making.goOn(call, arguments.target(), yield);
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

    // ---- on one shard

    /** Runs it, at once. */
    public void run(CommandCall call) {
        ReplyWriter reply = call.reply();
        Found found = new Found(call, kind);
        try {
            if (found.error != null) {
                reply.error(found.error);
                return;
            }
            found.goOn(call, kind, Turns::never);
            if (found.arguments.target() > 0) {
                found.store(call, Turns::never);
                reply.integer(found.count());
            } else {
                found.answer(reply, Turns::never);
            }
        } catch (Workspace.Full full) {
            reply.error(full.answer());
        } finally {
            found.failed();
            found.close();
        }
    }

    // ---- over two shards, or in several turns

    /** Which of the keys is searched. */
    private int sourceKey() {
        return kind == Kind.SEARCHSTORE ? 1 : 0;
    }

    @Override
    public boolean isLong(CommandCall call) {
        if (call.keys().count() == 0) {
            return false;
        }
        if (!SetAlgebra.isHere(call)) {
            return true;
        }
        int source = kind.source();
        long entry = call.keyspace().peek(call.address(source), call.length(source), Long.MIN_VALUE);
        return entry != 0 && call.keyspace().type(entry) == Keyspace.TYPE_ZSET
                && SourceWalk.count(call, source, entry) > SHORT;
    }

    @Override
    public int hops() {
        return kind.mayStore || kind == Kind.SEARCHSTORE ? 2 : 1;
    }

    private static final int SOURCE = 1;

    @Override
    public void prepare(Transaction transaction) {
        transaction.values(transaction.owner(sourceKey())).number(SOURCE);
    }

    @Override
    public void run(CommandCall call, Values values, int hop) {
        Found found = (Found) values.work();
        try {
            if (hop == 0 && values.number() == SOURCE) {
                if (found == null) {
                    found = new Found(call, kind);
                    values.work(found);
                }
                if (found.error != null) {
                    values.error(found.error);
                } else if (!found.goOn(call, kind, call::isToYield)) {
                    call.goOn(1);
                }
            } else if (hop == 1 && found != null && !found.store(call, call::isToYield)) {
                call.goOn(1);
            }
        } catch (Workspace.Full full) {
            values.error(full.answer());
        } catch (Throwable failure) {
            if (found != null) {
                found.failed();
            }
            throw failure;
        }
    }

    @Override
    public boolean goesOn(Transaction transaction, int hop) {
        Found found = (Found) Objects.requireNonNull(transaction.values(transaction.owner(sourceKey())).work());
        if (found.arguments.target() == 0) {
            return false;
        }
        transaction.exchange(transaction.owner(0), transaction.owner(1));
        return true;
    }

    @Override
    public boolean conclude(Transaction transaction, ReplyWriter reply) {
        boolean stores = hops() > 1 && transaction.keys() > 1;
        int target = kind == Kind.SEARCHSTORE ? 0 : 1;
        Found found = (Found) Objects
                .requireNonNull(transaction.values(transaction.owner(stores ? target : sourceKey())).work());
        if (stores) {
            reply.integer(found.count());
            return true;
        }
        return found.answer(reply, transaction::isToYield);
    }
}
