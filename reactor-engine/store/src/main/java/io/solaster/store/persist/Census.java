package io.solaster.store.persist;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.log.RecordConsumer;

/**
 * Which transactions of the logs of all shards are not whole, and so are left out by who reads them again. Any thread, one at a
 * time.
 *
 * <p>
 * <b>What is written.</b> What a transaction changes on one shard is one or several records there, each with its id; the last
 * one, its end, names all shards that have an end of it. Each shard that may have changed something writes an end, though it
 * be an empty one, when all is done. A transaction is whole if all of its ends are there: a log is always the beginning of what
 * was appended, so what is before an end is there too. No shard decides, and nothing is synced for it a second time.
 *
 * <p>
 * <b>What may be left out.</b> Nobody uses the keys of a transaction, and nobody is answered, until all of its ends are kept
 * as {@code fsync} says; only then its keys are given back. So of one that is not whole no other record depends, in any log, and
 * nobody was told of it. (Where an end cannot be kept, as a shard or its log has ended, the others end it alone: it is kept as
 * far as it got, as what follows there may depend on it.)
 *
 * <p>
 * <b>What need not be looked for.</b> Each record says, by its epoch, up to where the transactions of its own log had been given
 * back when it was appended: those are whole, whatever else is there of them. So only those are looked for elsewhere that were
 * under way when the log ended; how many these are does not grow with the log. A snapshot takes its place when all transactions
 * that it has a part of are given back, and when the logs of all other shards say that of theirs: who asks later, in a log that
 * begins behind the end, does not need to know.
 *
 * <p>
 * <b>What was left out stays so.</b> The log goes on with a record that says so, as its epochs would say otherwise. Ids are drawn
 * anew by each process.
 *
 * <p>
 * <b>What it costs.</b> Where one shard does all in one turn: nothing. Else some 20 bytes of each record; the keys are held until
 * the writes, or syncs, of all shards have ended, which go on at the same time; one message more to each of the other shards;
 * and the logs are read twice at the start, with what is behind the last snapshots.
 *
 * <p>
 * After the power has failed, each log ends where it was synced last. With {@code fsync} other than {@code always} that is
 * before what was answered last, and a transaction may lack a part that was.
 */
final class Census {
    private static final short[] NOBODY = {};

    /** A transaction in one log, of which the log does not say that it is whole. */
    private static final class Open {
        final long first;
        /** The shards that have an end of it; none as long as this one has not. */
        short[] with = NOBODY;

        Open(long first) {
            this.first = first;
        }

        boolean hasEnded() {
            return with.length > 0;
        }
    }

    /** The log of one shard. On a virtual thread of whoever reads it. */
    private static final class One implements RecordConsumer {
        private final int writer;
        /** In their order. */
        private final Map<Long, Open> open = new LinkedHashMap<>();
        /** Began before where all are settled, and have not ended: a crash took that, or it comes yet. */
        private final Map<Long, Open> stale = new HashMap<>();
        private final Set<Long> dropped = new HashSet<>();
        private final Set<Long> toDrop = new HashSet<>();

        One(int writer) {
            this.writer = writer;
        }

        @Override
        public void record(long sequence, long epoch, int kind, ByteBuf payload) {
            switch (kind) {
                case LogStep.PART -> {
                    long id = LogStep.idOf(payload);
                    if (!stale.containsKey(id)) {
                        open.computeIfAbsent(id, made -> new Open(sequence));
                    }
                }
                case LogStep.END -> ended(sequence, LogStep.idOf(payload), LogStep.withOf(payload));
                case LogStep.DROPPED -> {
                    long id = LogStep.idOf(payload);
                    open.remove(id);
                    dropped.add(id);
                }
                default -> {
                    // Whole by itself.
                }
            }
            settle(epoch);
        }

        private void ended(long sequence, long id, short[] with) {
            if (with.length == 1 || stale.containsKey(id)) {
                open.remove(id);
                stale.remove(id);
            } else {
                open.computeIfAbsent(id, made -> new Open(sequence)).with = with;
            }
        }

        private void settle(long epoch) {
            Iterator<Map.Entry<Long, Open>> all = open.entrySet().iterator();
            while (all.hasNext()) {
                Map.Entry<Long, Open> oldest = all.next();
                if (oldest.getValue().first > epoch) {
                    return;
                }
                if (!oldest.getValue().hasEnded()) {
                    stale.put(oldest.getKey(), oldest.getValue());
                }
                all.remove();
            }
        }

        /** All was read: what has no end never had one. */
        void finish() {
            dropped.addAll(stale.keySet());
            open.forEach((id, each) -> {
                if (!each.hasEnded()) {
                    dropped.add(id);
                }
            });
            open.keySet().removeAll(dropped);
        }

        void leaveOut(long id) {
            dropped.add(id);
            toDrop.add(id);
        }
    }

    /** Looks for the ends of some transactions in one log. */
    private record Search(Set<Long> ids, Set<Long> found) implements RecordConsumer {
        @Override
        public void record(long sequence, long epoch, int kind, ByteBuf payload) {
            if (kind == LogStep.END && ids.contains(LogStep.idOf(payload))) {
                found.add(LogStep.idOf(payload));
            }
        }
    }

    private final List<One> logs = new ArrayList<>();

    private Census(int writers) {
        for (int i = 0; i < writers; i++) {
            logs.add(new One(i));
        }
    }

    /** Reads the logs that so many shards have written, and leaves them as they are. Not on a shard's loop. */
    static Census take(Engine engine, String name, Path log, int writers) {
        Census census = new Census(writers);
        Log.read(engine, name, log, census::consumer);
        census.logs.forEach(One::finish);
        census.decide(engine, name, log);
        return census;
    }

    /** Of a log whose missing directories are told of elsewhere. */
    private RecordConsumer consumer(int writer) {
        return writer < logs.size() ? logs.get(writer) : (sequence, epoch, kind, payload) -> {};
    }

    private void decide(Engine engine, String name, Path log) {
        List<Search> searches = new ArrayList<>();
        boolean any = false;
        for (One each : logs) {
            Search search = new Search(new HashSet<>(), new HashSet<>());
            for (One other : logs) {
                other.open.forEach((id, open) -> {
                    if (other != each && names(open, each.writer) && !each.open.containsKey(id)) {
                        search.ids.add(id);
                    }
                });
            }
            any |= !search.ids.isEmpty();
            searches.add(search);
        }
        if (any) {
            Log.read(engine, name, log, writer -> writer < searches.size() ? searches.get(writer) : consumer(writer));
        }
        for (One each : logs) {
            each.open.forEach((id, open) -> {
                for (short writer : open.with) {
                    if (writer != each.writer && !hasEnd(searches, writer, id)) {
                        each.leaveOut(id);
                    }
                }
            });
        }
    }

    private static boolean names(Open open, int writer) {
        for (short each : open.with) {
            if (each == writer) {
                return true;
            }
        }
        return false;
    }

    private boolean hasEnd(List<Search> searches, int writer, long id) {
        return writer < logs.size()
                && (logs.get(writer).open.containsKey(id) || searches.get(writer).found.contains(id));
    }

    /** Whether a transaction is to be left out of what a shard has written. */
    boolean isLeftOut(int writer, long id) {
        return logs.get(writer).dropped.contains(id);
    }

    /** Those that ended in the log of a shard and are left out, which the log does not say yet. */
    Set<Long> toDrop(int writer) {
        return logs.get(writer).toDrop;
    }
}
