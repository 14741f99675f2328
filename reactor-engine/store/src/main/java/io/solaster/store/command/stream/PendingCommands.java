package io.solaster.store.command.stream;

import java.util.ArrayList;
import java.util.List;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;

/** {@code XPENDING}. On the owning shard. */
public final class PendingCommands {
    private static final int MOST_QUOTED = 128;

    private record Row(long ms, long seq, long consumer, long idle, long times) {}

    private PendingCommands() {}

    static String noGroup(CommandCall call, int key, int group) {
        return "NOGROUP No such key '" + call.text(key, MOST_QUOTED) + "' or consumer group '"
                + call.text(group, MOST_QUOTED) + "'";
    }

    public static void xpending(CommandCall call) {
        IdArgument from = new IdArgument();
        IdArgument to = new IdArgument();
        int start = 3;
        long idle = 0;
        long count = 0;
        String error = null;
        boolean summary = call.count() == 3;
        if (!summary) {
            if (call.is(3, "idle")) {
                start = 5;
                if (call.count() < 8) {
                    error = Errors.SYNTAX;
                } else if (!call.isInteger(4)) {
                    error = Errors.NOT_INTEGER;
                } else {
                    idle = call.integer();
                }
            }
            if (error == null && (call.count() < start + 3 || call.count() > start + 4)) {
                error = Errors.SYNTAX;
            }
            if (error == null && !call.isInteger(start + 2)) {
                error = Errors.NOT_INTEGER;
            }
            if (error == null) {
                count = Math.max(0, call.integer());
                error = StreamCommands.bounds(call, start, start + 1, from, to);
            }
        }
        if (error != null) {
            call.reply().error(error);
            return;
        }
        Streams stream = StreamCommands.stream(call, 1, true);
        if (stream == null) {
            return;
        }
        long group = stream.groups().find(call.address(2), call.length(2));
        if (group == 0) {
            call.reply().error(noGroup(call, 1, 2));
        } else if (summary) {
            summary(call.reply(), stream.groups(), group);
        } else {
            boolean named = call.count() > start + 3;
            long consumer = named
                    ? Groups.findConsumer(group, call.address(start + 3), call.length(start + 3))
                    : 0;
            List<Row> found = named && consumer == 0
                    ? List.of()
                    : rows(call, stream.groups(), group, consumer, from, to, count, idle);
            answer(call.reply(), found);
        }
    }

    private static void summary(ReplyWriter reply, Groups groups, long group) {
        reply.arrayHeader(4);
        long count = Groups.pendingCount(group);
        reply.integer(count);
        if (count == 0) {
            reply.nullValue();
            reply.nullValue();
            reply.nullArray();
            return;
        }
        groups.seekPending(group, 0, 0);
        StreamCommands.id(reply, groups.pendingMs(), groups.pendingSeq());
        groups.seekLastPending(group);
        StreamCommands.id(reply, groups.pendingMs(), groups.pendingSeq());
        int consumers = 0;
        for (int i = 0; i < Groups.consumers(group); i++) {
            consumers += Groups.owned(Groups.consumer(group, i)) > 0 ? 1 : 0;
        }
        reply.arrayHeader(consumers);
        for (int i = 0; i < Groups.consumers(group); i++) {
            long consumer = Groups.consumer(group, i);
            if (Groups.owned(consumer) > 0) {
                reply.arrayHeader(2);
                reply.bulk(Groups.consumerName(consumer), Groups.consumerNameLength(consumer));
                reply.bulkInteger(Groups.owned(consumer));
            }
        }
    }

    private static List<Row> rows(CommandCall call, Groups groups, long group, long consumer, IdArgument from,
            IdArgument to, long count, long idle) {
        List<Row> found = new ArrayList<>();
        boolean more = count > 0 && seek(groups, group, consumer, from.ms, from.seq);
        while (more && found.size() < count
                && Streams.compare(groups.pendingMs(), groups.pendingSeq(), to.ms, to.seq) <= 0) {
            long its = call.now() - groups.time();
            if (idle <= 0 || its >= idle) {
                found.add(new Row(groups.pendingMs(), groups.pendingSeq(), groups.owner(), Math.max(0, its),
                        groups.times()));
            }
            more = consumer == 0 ? groups.nextPending() : groups.nextOwned(group);
        }
        return found;
    }

    private static boolean seek(Groups groups, long group, long consumer, long ms, long seq) {
        return consumer == 0
                ? groups.seekPending(group, ms, seq)
                : groups.seekOwned(group, consumer, ms, seq);
    }

    private static void answer(ReplyWriter reply, List<Row> found) {
        reply.arrayHeader(found.size());
        for (Row each : found) {
            reply.arrayHeader(4);
            StreamCommands.id(reply, each.ms, each.seq);
            reply.bulk(Groups.consumerName(each.consumer), Groups.consumerNameLength(each.consumer));
            reply.integer(each.idle);
            reply.integer(each.times);
        }
    }
}
