package io.solaster.store.command.stream;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Lag;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** {@code XINFO}. On the owning shard. */
public final class InfoCommands {
    private static final int MOST_QUOTED = 128;
    private static final int FEW = 10;

    private InfoCommands() {}

    private static @Nullable Streams streamOf(CommandCall call) {
        long entry = call.read(2);
        if (entry == 0) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return null;
        }
        if (call.isWrongType(entry, Keyspace.TYPE_STREAM)) {
            return null;
        }
        Streams streams = call.shard().streams();
        streams.open(call.address(2), call.length(2), entry);
        return streams;
    }

    public static void stream(CommandCall call) {
        boolean full = call.count() > 3;
        long most = FEW;
        if (full) {
            if (!call.is(3, "full") || call.count() == 5 || call.count() > 6 || call.count() == 6 && !call.is(4,
                    "count")) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (call.count() == 6) {
                if (!call.isInteger(5)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
                most = call.integer() < 0 ? FEW : call.integer() == 0 ? Long.MAX_VALUE : call.integer();
            }
        }
        Streams stream = streamOf(call);
        if (stream == null) {
            return;
        }
        ReplyWriter reply = call.reply();
        reply.mapHeader(full ? 9 : 10);
        reply.bulk("length");
        reply.integer(stream.length());
        reply.bulk("radix-tree-keys");
        reply.integer(stream.blockCount());
        reply.bulk("radix-tree-nodes");
        reply.integer(stream.blockCount() + 1);
        reply.bulk("last-generated-id");
        StreamCommands.id(reply, stream.lastMs(), stream.lastSeq());
        reply.bulk("max-deleted-entry-id");
        StreamCommands.id(reply, stream.deletedMs(), stream.deletedSeq());
        reply.bulk("entries-added");
        reply.integer(stream.added());
        reply.bulk("recorded-first-entry-id");
        boolean any = stream.seekFrom(0, 0);
        StreamCommands.id(reply, any ? stream.ms() : 0, any ? stream.seq() : 0);
        if (full) {
            full(call, stream, most);
            return;
        }
        reply.bulk("groups");
        reply.integer(stream.groups().count());
        reply.bulk("first-entry");
        entry(reply, stream, stream.seekFrom(0, 0));
        reply.bulk("last-entry");
        entry(reply, stream, stream.seekTo(-1, -1));
    }

    private static void entry(ReplyWriter reply, Streams stream, boolean there) {
        if (there) {
            StreamCommands.entry(reply, stream);
        } else {
            reply.nullValue();
        }
    }

    private static void full(CommandCall call, Streams stream, long most) {
        ReplyWriter reply = call.reply();
        reply.bulk("entries");
        long count = stream.count(0, 0, -1, -1, most);
        reply.arrayHeader((int) count);
        stream.seekFrom(0, 0);
        for (long i = 0; i < count; i++) {
            StreamCommands.entry(reply, stream);
            stream.next();
        }
        reply.bulk("groups");
        Groups groups = stream.groups();
        reply.arrayHeader(groups.count());
        for (int i = 0; i < groups.count(); i++) {
            group(reply, stream, groups.get(i), most);
        }
    }

    private static void group(ReplyWriter reply, Streams stream, long group, long most) {
        Groups groups = stream.groups();
        reply.mapHeader(7);
        reply.bulk("name");
        reply.bulk(Groups.name(group), Groups.nameLength(group));
        reply.bulk("last-delivered-id");
        StreamCommands.id(reply, Groups.lastMs(group), Groups.lastSeq(group));
        reply.bulk("entries-read");
        orNull(reply, Groups.read(group));
        reply.bulk("lag");
        orNull(reply, Lag.of(stream, group));
        reply.bulk("pel-count");
        reply.integer(Groups.pendingCount(group));
        reply.bulk("pending");
        long count = Math.min(most, Groups.pendingCount(group));
        reply.arrayHeader((int) count);
        groups.seekPending(group, 0, 0);
        for (long i = 0; i < count; i++) {
            reply.arrayHeader(4);
            StreamCommands.id(reply, groups.pendingMs(), groups.pendingSeq());
            reply.bulk(Groups.consumerName(groups.owner()), Groups.consumerNameLength(groups.owner()));
            reply.integer(groups.time());
            reply.integer(groups.times());
            groups.nextPending();
        }
        reply.bulk("consumers");
        reply.arrayHeader(Groups.consumers(group));
        for (int i = 0; i < Groups.consumers(group); i++) {
            consumer(reply, groups, group, Groups.consumer(group, i), most);
        }
    }

    private static void consumer(ReplyWriter reply, Groups groups, long group, long consumer, long most) {
        reply.mapHeader(5);
        reply.bulk("name");
        reply.bulk(Groups.consumerName(consumer), Groups.consumerNameLength(consumer));
        reply.bulk("seen-time");
        reply.integer(Groups.seen(consumer));
        reply.bulk("active-time");
        reply.integer(Groups.active(consumer));
        reply.bulk("pel-count");
        reply.integer(Groups.owned(consumer));
        reply.bulk("pending");
        long count = Math.min(most, Groups.owned(consumer));
        reply.arrayHeader((int) count);
        boolean more = groups.seekOwned(group, consumer, 0, 0);
        for (long i = 0; i < count && more; i++) {
            reply.arrayHeader(3);
            StreamCommands.id(reply, groups.pendingMs(), groups.pendingSeq());
            reply.integer(groups.time());
            reply.integer(groups.times());
            more = groups.nextOwned(group);
        }
    }

    private static void orNull(ReplyWriter reply, long number) {
        if (number == Lag.UNKNOWN) {
            reply.nullValue();
        } else {
            reply.integer(number);
        }
    }

    public static void groups(CommandCall call) {
        Streams stream = streamOf(call);
        if (stream == null) {
            return;
        }
        ReplyWriter reply = call.reply();
        Groups groups = stream.groups();
        reply.arrayHeader(groups.count());
        for (int i = 0; i < groups.count(); i++) {
            long group = groups.get(i);
            reply.mapHeader(6);
            reply.bulk("name");
            reply.bulk(Groups.name(group), Groups.nameLength(group));
            reply.bulk("consumers");
            reply.integer(Groups.consumers(group));
            reply.bulk("pending");
            reply.integer(Groups.pendingCount(group));
            reply.bulk("last-delivered-id");
            StreamCommands.id(reply, Groups.lastMs(group), Groups.lastSeq(group));
            reply.bulk("entries-read");
            orNull(reply, Groups.read(group));
            reply.bulk("lag");
            orNull(reply, Lag.of(stream, group));
        }
    }

    public static void consumers(CommandCall call) {
        Streams stream = streamOf(call);
        if (stream == null) {
            return;
        }
        long group = stream.groups().find(call.address(3), call.length(3));
        ReplyWriter reply = call.reply();
        if (group == 0) {
            reply.error("NOGROUP No such consumer group '" + call.text(3, MOST_QUOTED) + "' for key name '"
                    + call.text(2, MOST_QUOTED) + "'");
            return;
        }
        reply.arrayHeader(Groups.consumers(group));
        for (int i = 0; i < Groups.consumers(group); i++) {
            long consumer = Groups.consumer(group, i);
            reply.mapHeader(4);
            reply.bulk("name");
            reply.bulk(Groups.consumerName(consumer), Groups.consumerNameLength(consumer));
            reply.bulk("pending");
            reply.integer(Groups.owned(consumer));
            reply.bulk("idle");
            reply.integer(Math.max(0, call.now() - Groups.seen(consumer)));
            reply.bulk("inactive");
            long active = Groups.active(consumer);
            reply.integer(active == -1 ? -1 : Math.max(0, call.now() - active));
        }
    }
}
