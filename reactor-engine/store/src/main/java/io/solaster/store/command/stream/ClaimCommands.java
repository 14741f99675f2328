package io.solaster.store.command.stream;

import java.util.Arrays;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** {@code XCLAIM} and {@code XAUTOCLAIM}. On the owning shard. */
public final class ClaimCommands {
    private static final int ATTEMPTS = 10;
    private static final int MOST = 1_000_000;

    /** What a claim sets. */
    private static final class Claim {
        boolean justId;
        boolean force;
        long time = -1;
        long times = -1;
        long idle;
        long lastMs;
        long lastSeq;
        boolean last;
    }

    private ClaimCommands() {}

    private static @Nullable Streams streamOf(CommandCall call) {
        Streams stream = StreamCommands.stream(call, 1, false);
        if (stream != null && stream.groups().find(call.address(2), call.length(2)) == 0) {
            call.reply().error(PendingCommands.noGroup(call, 1, 2));
            return null;
        }
        return stream;
    }

    public static void xclaim(CommandCall call) {
        Streams stream = streamOf(call);
        if (stream == null) {
            return;
        }
        if (!call.isInteger(4)) {
            call.reply().error("ERR Invalid min-idle-time argument for XCLAIM");
            return;
        }
        Claim claim = new Claim();
        claim.idle = Math.max(0, call.integer());
        IdArgument id = new IdArgument();
        int last = 5;
        while (last < call.count() && id.read(call, last, 0)) {
            last++;
        }
        String error = options(call, last, claim);
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Groups groups = stream.groups();
        long group = groups.find(call.address(2), call.length(2));
        if (claim.last
                && Streams.compare(claim.lastMs, claim.lastSeq, Groups.lastMs(group), Groups.lastSeq(group)) > 0) {
            groups.set(Step.GROUP_READ, call.address(2), call.length(2), claim.lastMs, claim.lastSeq,
                    Groups.read(group));
        }
        long consumer = seen(call, groups, group);
        long[] claimed = new long[2 * (last - 5)];
        int count = 0;
        for (int i = 5; i < last; i++) {
            id.read(call, i, 0);
            if (claim(call, stream, group, consumer, id.ms, id.seq, claim)) {
                claimed[2 * count] = id.ms;
                claimed[2 * count + 1] = id.seq;
                count++;
            }
        }
        active(call, groups, group, count);
        call.reply().arrayHeader(count);
        answer(call.reply(), stream, claimed, count, claim.justId);
    }

    private static long seen(CommandCall call, Groups groups, long group) {
        long known = Groups.findConsumer(group, call.address(3), call.length(3));
        return groups.setConsumer(group, call.address(3), call.length(3), call.now(),
                known == 0 ? -1 : Groups.active(known));
    }

    private static void active(CommandCall call, Groups groups, long group, int count) {
        if (count > 0) {
            groups.setConsumer(group, call.address(3), call.length(3), call.now(), call.now());
        }
    }

    private static @Nullable String options(CommandCall call, int from, Claim claim) {
        long now = call.now();
        for (int i = from; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.is(i, "force")) {
                claim.force = true;
            } else if (call.is(i, "justid")) {
                claim.justId = true;
            } else if (call.is(i, "idle") && more) {
                i++;
                if (!call.isInteger(i)) {
                    return "ERR Invalid IDLE option argument for XCLAIM";
                }
                claim.time = now - call.integer();
            } else if (call.is(i, "time") && more) {
                i++;
                if (!call.isInteger(i)) {
                    return "ERR Invalid TIME option argument for XCLAIM";
                }
                claim.time = call.integer();
            } else if (call.is(i, "retrycount") && more) {
                i++;
                if (!call.isInteger(i)) {
                    return "ERR Invalid RETRYCOUNT option argument for XCLAIM";
                }
                claim.times = call.integer();
            } else if (call.is(i, "lastid") && more) {
                i++;
                IdArgument id = new IdArgument();
                if (!id.read(call, i, 0)) {
                    return IdArgument.INVALID;
                }
                claim.last = true;
                claim.lastMs = id.ms;
                claim.lastSeq = id.seq;
            } else {
                return "ERR Unrecognized XCLAIM option '" + call.text(i, 128) + "'";
            }
        }
        if (claim.time == -1 || claim.time > now || claim.time < 0) {
            claim.time = now;
        }
        return null;
    }

    private static boolean claim(CommandCall call, Streams stream, long group, long consumer, long ms, long seq,
            Claim claim) {
        Groups groups = stream.groups();
        boolean pending = groups.findPending(group, ms, seq);
        if (!stream.find(ms, seq)) {
            // It was deleted: nobody will ever process it.
            if (pending) {
                groups.dropPending(group, ms, seq);
            }
            return false;
        }
        if (!pending && !claim.force) {
            return false;
        }
        // What is made to be pending counts as delivered once.
        long times = 1;
        if (pending) {
            if (claim.idle > 0 && call.now() - groups.time() < claim.idle) {
                return false;
            }
            times = groups.times();
        }
        if (claim.times >= 0) {
            times = claim.times;
        } else if (!claim.justId) {
            times++;
        }
        groups.setPending(group, consumer, ms, seq, claim.time, times);
        return true;
    }

    private static void answer(ReplyWriter reply, Streams stream, long[] ids, int count, boolean justId) {
        for (int i = 0; i < count; i++) {
            if (justId) {
                StreamCommands.id(reply, ids[2 * i], ids[2 * i + 1]);
            } else {
                stream.find(ids[2 * i], ids[2 * i + 1]);
                StreamCommands.entry(reply, stream);
            }
        }
    }

    public static void xautoclaim(CommandCall call) {
        IdArgument from = new IdArgument();
        Claim claim = new Claim();
        String error = null;
        long most = 100;
        if (!call.isInteger(4)) {
            error = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
        } else {
            claim.idle = Math.max(0, call.integer());
            if (!from.readBound(call, 5, true)) {
                error = IdArgument.INVALID;
            } else if (IdArgument.isExcluded(call, 5) && !from.increment()) {
                error = "ERR invalid start ID for the interval";
            }
        }
        for (int i = 6; i < call.count() && error == null; i++) {
            if (call.is(i, "count") && i + 1 < call.count()) {
                i++;
                if (!call.isInteger(i) || call.integer() < 1
                        || call.integer() > Long.MAX_VALUE / ATTEMPTS / 16) {
                    error = "ERR COUNT must be > 0";
                }
                most = call.integer();
            } else if (call.is(i, "justid")) {
                claim.justId = true;
            } else {
                error = Errors.SYNTAX;
            }
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = streamOf(call);
        if (stream != null) {
            claim.time = call.now();
            take(call, stream, from, claim, most);
        }
    }

    private static void take(CommandCall call, Streams stream, IdArgument from, Claim claim, long most) {
        Groups groups = stream.groups();
        long group = groups.find(call.address(2), call.length(2));
        long consumer = seen(call, groups, group);
        long[] claimed = new long[16];
        long[] gone = new long[16];
        int count = 0;
        int deleted = 0;
        long attempts = Math.min(MOST, most * ATTEMPTS);
        boolean more = groups.seekPending(group, from.ms, from.seq);
        while (more && attempts-- > 0 && count + deleted < most) {
            long ms = groups.pendingMs();
            long seq = groups.pendingSeq();
            if (!stream.find(ms, seq)) {
                groups.dropPending(group, ms, seq);
                gone = room(gone, deleted);
                gone[2 * deleted] = ms;
                gone[2 * deleted++ + 1] = seq;
            } else if (claim(call, stream, group, consumer, ms, seq, claim)) {
                claimed = room(claimed, count);
                claimed[2 * count] = ms;
                claimed[2 * count++ + 1] = seq;
            }
            from.ms = ms;
            from.seq = seq;
            more = from.increment() && groups.seekPending(group, from.ms, from.seq);
        }
        long nextMs = more ? groups.pendingMs() : 0;
        long nextSeq = more ? groups.pendingSeq() : 0;
        active(call, groups, group, count);
        ReplyWriter reply = call.reply();
        reply.arrayHeader(3);
        StreamCommands.id(reply, nextMs, nextSeq);
        reply.arrayHeader(count);
        answer(reply, stream, claimed, count, claim.justId);
        reply.arrayHeader(deleted);
        answer(reply, stream, gone, deleted, true);
    }

    private static long[] room(long[] ids, int count) {
        return 2 * count < ids.length ? ids : Arrays.copyOf(ids, 2 * ids.length);
    }
}
