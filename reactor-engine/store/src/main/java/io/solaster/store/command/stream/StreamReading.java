package io.solaster.store.command.stream;

import java.util.Arrays;

import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Lag;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one shard that a call reads: first it looks which have something for the call, then it reads them, in as many
 * turns as that takes. On the shard of the keys.
 */
final class StreamReading {
    private static final int ENTRY_BYTES = 64;

    /** Where what is read goes. */
    interface Sink {
        /** Entries of a key follow. */
        void key(CommandCall call, int key, long entries);

        /**
         * The entry that the stream is at.
         *
         * @param idle for how many milliseconds it was pending; below 0 where that is not told
         * @param times how often it was delivered before
         * @return false if nothing more is wanted
         */
        boolean entry(CommandCall call, Streams stream, long idle, long times);

        /** An entry that is pending, and was deleted. */
        void gone(long ms, long seq);

        /** Whether to go on in a later turn. */
        boolean isToPause(CommandCall call, long bytes);
    }

    final ReadRequest request;
    /** By key: whether there is something for the call. */
    final boolean[] serves;
    /** By key: the ids and times of delivery of what is claimed, three numbers each, the longest idle first; null for nothing. */
    private final long[] @Nullable [] claimed;
    private int served;

    // Where it has come to.
    private int key;
    private boolean begun;
    private int claims;
    private long left;
    private long ms;
    private long seq;

    StreamReading(ReadRequest request) {
        this.request = request;
        serves = new boolean[Math.max(1, request.keys)];
        claimed = new long[serves.length][];
    }

    /** Streams that have something. */
    int served() {
        return served;
    }

    /** Looks at the stream of a key; false if that is wrong ({@link ReadRequest#error}). */
    boolean look(int which) {
        Streams stream = request.open(which);
        if (stream == null) {
            return false;
        }
        long group = request.inGroup ? request.group(stream, which) : 0;
        if (request.inGroup && group == 0) {
            return false;
        }
        boolean isHistory = request.inGroup && !request.isNew(which);
        if (!isHistory && request.claim != ReadRequest.NO_CLAIM) {
            long[] found = Claimable.longestIdle(stream.groups(), group, request.call.now() - request.claim,
                    request.most, request.keys);
            claimed[which] = found.length == 0 ? null : found;
        }
        serves[which] = isHistory || claimed[which] != null || request.hasNew(stream, which);
        served += serves[which] ? 1 : 0;
        return true;
    }

    /** Goes on; whether all is read, or no more is wanted. */
    boolean goOn(CommandCall call, Sink sink) {
        request.call = call;
        for (; key < request.keys; key++) {
            if (serves[key]) {
                Streams stream = request.open(key);
                if (stream == null) {
                    return true;
                }
                if (!read(call, stream, sink)) {
                    return false;
                }
                call.keyspace().endWrite();
                begun = false;
            }
        }
        return true;
    }

    private boolean read(CommandCall call, Streams stream, Sink sink) {
        if (!request.inGroup) {
            return entries(call, stream, sink);
        }
        long group = request.group(stream, key);
        return group == 0 || (request.isNew(key)
                ? deliver(call, stream, group, sink)
                : history(call, stream, group, sink));
    }

    // ---- without a group

    private boolean entries(CommandCall call, Streams stream, Sink sink) {
        if (!begun) {
            begun = true;
            IdArgument from = request.from(stream, key);
            from.increment();
            ms = from.ms;
            seq = from.seq;
            left = stream.count(ms, seq, -1, -1, request.most);
            sink.key(call, key, left);
        }
        stream.seekFrom(ms, seq);
        while (left > 0) {
            boolean wanted = sink.entry(call, stream, -1, 0);
            left--;
            stream.next();
            if (!wanted) {
                left = 0;
            } else if (left > 0 && sink.isToPause(call, ENTRY_BYTES)) {
                ms = stream.ms();
                seq = stream.seq();
                return false;
            }
        }
        return true;
    }

    // ---- in a group

    private long consumer(CommandCall call, Groups groups, long group, boolean isActive) {
        int name = request.group + 1;
        long known = Groups.findConsumer(group, call.address(name), call.length(name));
        long active = isActive ? call.now() : known == 0 ? -1 : Groups.active(known);
        return groups.setConsumer(group, call.address(name), call.length(name), call.now(), active);
    }

    /** Gives a consumer what it claims, and then the entries that the group has not had yet. */
    private boolean deliver(CommandCall call, Streams stream, long group, Sink sink) {
        Groups groups = stream.groups();
        boolean claims = request.claim != ReadRequest.NO_CLAIM;
        long[] mine = claimed[key];
        long consumer = consumer(call, groups, group, true);
        if (!begun) {
            begun = true;
            this.claims = 0;
            int there = mine == null ? 0 : present(stream, group, mine);
            mine = claimed[key];
            ms = Groups.lastMs(group);
            seq = Groups.lastSeq(group) + 1;
            ms += seq == 0 ? 1 : 0;
            boolean isLast = Groups.lastMs(group) == -1 && Groups.lastSeq(group) == -1;
            left = isLast ? 0 : stream.count(ms, seq, -1, -1, request.most - there);
            sink.key(call, key, there + left);
        }
        while (mine != null && this.claims < mine.length) {
            int at = this.claims;
            this.claims += 3;
            stream.find(mine[at], mine[at + 1]);
            groups.findPending(group, mine[at], mine[at + 1]);
            long times = groups.times();
            boolean wanted = sink.entry(call, stream, Math.max(0, call.now() - mine[at + 2]), times);
            groups.setPending(group, consumer, mine[at], mine[at + 1], call.now(), times + 1);
            if (!wanted) {
                return true;
            }
            if (sink.isToPause(call, ENTRY_BYTES)) {
                return false;
            }
        }
        long count = 0;
        long lastMs = Groups.lastMs(group);
        long lastSeq = Groups.lastSeq(group);
        boolean pauses = false;
        stream.seekFrom(ms, seq);
        while (left > 0 && !pauses) {
            boolean wanted = sink.entry(call, stream, claims ? 0 : -1, 0);
            lastMs = stream.ms();
            lastSeq = stream.seq();
            if (!request.noAck) {
                groups.setPending(group, consumer, lastMs, lastSeq, call.now(), 1);
            }
            count++;
            left = wanted ? left - 1 : 0;
            stream.next();
            pauses = left > 0 && sink.isToPause(call, ENTRY_BYTES);
        }
        ms = stream.ms();
        seq = stream.seq();
        if (count > 0) {
            long read = Lag.readAfter(stream, Groups.read(group), Groups.lastMs(group), Groups.lastSeq(group), lastMs,
                    lastSeq, count);
            groups.set(Step.GROUP_READ, call.address(request.group), call.length(request.group), lastMs, lastSeq, read);
        }
        return !pauses;
    }

    /** Has what was deleted leave what is claimed, and what is pending; how many are left. */
    private int present(Streams stream, long group, long[] mine) {
        long[] kept = new long[mine.length];
        int count = 0;
        for (int i = 0; i < mine.length; i += 3) {
            if (stream.find(mine[i], mine[i + 1])) {
                System.arraycopy(mine, i, kept, count, 3);
                count += 3;
            } else {
                stream.groups().dropPending(group, mine[i], mine[i + 1]);
            }
        }
        claimed[key] = Arrays.copyOf(kept, count);
        return count / 3;
    }

    /** Tells a consumer what is pending for it. */
    private boolean history(CommandCall call, Streams stream, long group, Sink sink) {
        Groups groups = stream.groups();
        long consumer = consumer(call, groups, group, false);
        if (!begun) {
            begun = true;
            IdArgument from = request.from(stream, key);
            left = from.increment() ? groups.countOwned(consumer, from.ms, from.seq, request.most) : 0;
            ms = from.ms;
            seq = from.seq;
            sink.key(call, key, left);
        }
        boolean more = left > 0 && groups.seekOwned(group, consumer, ms, seq);
        while (more) {
            long pendingMs = groups.pendingMs();
            long pendingSeq = groups.pendingSeq();
            boolean wanted = true;
            if (stream.find(pendingMs, pendingSeq)) {
                wanted = sink.entry(call, stream, -1, 0);
                groups.setPending(group, consumer, pendingMs, pendingSeq, call.now(), groups.times() + 1);
            } else {
                sink.gone(pendingMs, pendingSeq);
            }
            left = wanted ? left - 1 : 0;
            more = left > 0 && groups.nextOwned(group);
            if (more && sink.isToPause(call, ENTRY_BYTES)) {
                ms = groups.pendingMs();
                seq = groups.pendingSeq();
                return false;
            }
        }
        return true;
    }
}
