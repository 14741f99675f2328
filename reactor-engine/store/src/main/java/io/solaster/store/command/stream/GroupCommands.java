package io.solaster.store.command.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.store.command.admin.Help;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** {@code XGROUP} and {@code XACK}. On the owning shard. */
public final class GroupCommands {
    private static final String NO_KEY = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may"
            + " want to use the MKSTREAM option to create an empty stream automatically.";
    private static final String BUSY = "BUSYGROUP Consumer Group name already exists";
    private static final String BAD_READ = "ERR value for ENTRIESREAD must be positive or -1";
    private static final int MOST_QUOTED = 128;

    private GroupCommands() {}

    /** The stream of the second argument, with its key there; null if that is answered. */
    private static @Nullable Streams streamOf(CommandCall call, boolean mayBeMade) {
        Streams stream = StreamCommands.stream(call, 2, false);
        if (stream != null && !stream.exists() && !mayBeMade) {
            call.reply().error(NO_KEY);
            return null;
        }
        return stream;
    }

    /** The group of a name; 0 if there is none, and that is answered. */
    private static long group(CommandCall call, Streams stream) {
        long group = stream.groups().find(call.address(3), call.length(3));
        if (group == 0) {
            call.reply().error("NOGROUP No such consumer group '" + call.text(3, MOST_QUOTED) + "' for key name '"
                    + call.text(2, MOST_QUOTED) + "'");
        }
        return group;
    }

    public static void create(CommandCall call) {
        set(call, true);
    }

    public static void setid(CommandCall call) {
        set(call, false);
    }

    private static void set(CommandCall call, boolean makes) {
        boolean makesStream = false;
        long read = -1;
        for (int i = 5; i < call.count(); i++) {
            if (makes && call.is(i, "mkstream")) {
                makesStream = true;
            } else if (call.is(i, "entriesread") && i + 1 < call.count()) {
                i++;
                if (!call.isInteger(i)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
                read = call.integer();
                if (read < -1) {
                    call.reply().error(BAD_READ);
                    return;
                }
            } else {
                Help.refuse(call);
                return;
            }
        }
        Streams stream = streamOf(call, makesStream);
        if (stream == null) {
            return;
        }
        Groups groups = stream.groups();
        if (!makes && group(call, stream) == 0) {
            return;
        }
        IdArgument id = new IdArgument();
        if (call.length(4) == 1 && Memory.getByte(call.address(4)) == '$') {
            id.ms = stream.lastMs();
            id.seq = stream.lastSeq();
        } else if (!id.readBound(call, 4, true) || IdArgument.isExcluded(call, 4) || isSign(call, 4) && makes) {
            call.reply().error(IdArgument.INVALID);
            return;
        }
        if (makes && groups.find(call.address(3), call.length(3)) != 0) {
            call.reply().error(BUSY);
            return;
        }
        groups.set(makes ? Step.GROUP_CREATE : Step.GROUP_SET, call.address(3), call.length(3), id.ms, id.seq, read);
        call.reply().ok();
    }

    private static boolean isSign(CommandCall call, int argument) {
        return call.length(argument) == 1
                && (Memory.getByte(call.address(argument)) == '-' || Memory.getByte(call.address(argument)) == '+');
    }

    public static void destroy(CommandCall call) {
        Streams stream = streamOf(call, false);
        if (stream == null) {
            return;
        }
        boolean there = stream.groups().find(call.address(3), call.length(3)) != 0;
        if (there) {
            stream.groups().drop(call.address(3), call.length(3));
        }
        call.reply().integer(there ? 1 : 0);
    }

    public static void createconsumer(CommandCall call) {
        Streams stream = streamOf(call, false);
        long group = stream == null ? 0 : group(call, stream);
        if (stream == null || group == 0) {
            return;
        }
        boolean there = Groups.findConsumer(group, call.address(4), call.length(4)) != 0;
        if (!there) {
            stream.groups().setConsumer(group, call.address(4), call.length(4), call.now(), -1);
        }
        call.reply().integer(there ? 0 : 1);
    }

    public static void delconsumer(CommandCall call) {
        Streams stream = streamOf(call, false);
        long group = stream == null ? 0 : group(call, stream);
        if (stream != null && group != 0) {
            call.reply().integer(stream.groups().dropConsumer(group, call.address(4), call.length(4)));
        }
    }

    public static void xack(CommandCall call) {
        long entry = call.find(1);
        if (call.isWrongType(entry, Keyspace.TYPE_STREAM)) {
            return;
        }
        Streams stream = call.shard().streams();
        stream.open(call.address(1), call.length(1), entry);
        Groups groups = stream.groups();
        long group = groups.find(call.address(2), call.length(2));
        if (group == 0) {
            call.reply().integer(0);
            return;
        }
        IdArgument id = new IdArgument();
        for (int i = 3; i < call.count(); i++) {
            if (!id.read(call, i, 0)) {
                call.reply().error(IdArgument.INVALID);
                return;
            }
        }
        long acknowledged = 0;
        for (int i = 3; i < call.count(); i++) {
            id.read(call, i, 0);
            acknowledged += groups.dropPending(group, id.ms, id.seq) ? 1 : 0;
        }
        call.reply().integer(acknowledged);
    }
}
