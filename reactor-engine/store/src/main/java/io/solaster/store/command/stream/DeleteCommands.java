package io.solaster.store.command.stream;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.stream.Groups;
import io.solaster.store.stream.Streams;
import org.jspecify.annotations.Nullable;

/** {@code XDELEX} and {@code XACKDEL}. On the owning shard. */
public final class DeleteCommands {
    /** What the look for an entry in a group counts for. */
    private static final long ENTRY_BYTES = 256;
    private static final int NOT_THERE = -1;
    private static final int DELETED = 1;
    private static final int NEEDED = 2;
    private static final String BAD_NUMBER = "ERR Number of IDs must be a positive integer";
    private static final String OTHER_NUMBER = "ERR The `numids` parameter must match the number of arguments";

    private DeleteCommands() {}

    /** What a call asks for. */
    private static final class Request {
        References references = References.KEEPREF;
        int firstId;
        int behind;
        @Nullable
        String error;

        Request(CommandCall call, int from) {
            error = read(call, from);
        }

        private @Nullable String read(CommandCall call, int from) {
            boolean named = false;
            for (int i = from; i < call.count(); i++) {
                References its = References.named(call, i);
                if (its != null && !named) {
                    named = true;
                    references = its;
                } else if (call.is(i, "ids") && firstId == 0 && i + 1 < call.count()) {
                    i++;
                    if (!call.isInteger(i) || call.integer() <= 0) {
                        return BAD_NUMBER;
                    }
                    if (call.integer() > call.count() - 1 - i) {
                        return OTHER_NUMBER;
                    }
                    firstId = i + 1;
                    behind = firstId + (int) call.integer();
                    i = behind - 1;
                } else {
                    return firstId == 0 ? Errors.SYNTAX : OTHER_NUMBER;
                }
            }
            if (firstId == 0) {
                return Errors.SYNTAX;
            }
            IdArgument id = new IdArgument();
            for (int i = firstId; i < behind; i++) {
                if (!id.read(call, i, 0)) {
                    return IdArgument.INVALID;
                }
            }
            return null;
        }
    }

    public static void xdelex(CommandCall call) {
        run(call, new Request(call, 2), false);
    }

    public static void xackdel(CommandCall call) {
        run(call, new Request(call, 3), true);
    }

    private static void run(CommandCall call, Request request, boolean acknowledges) {
        if (request.error != null) {
            call.reply().error(request.error);
            return;
        }
        if (StreamCommands.stream(call, 1, false) == null) {
            return;
        }
        call.reply().arrayHeader(request.behind - request.firstId);
        IdArgument id = new IdArgument();
        // Each is looked for in all groups: many in many take more than a turn.
        int[] next = {request.firstId};
        InTurns.run(call, 1, turn -> {
            Streams stream = turn.shard().streams();
            stream.open(turn.address(1), turn.length(1), turn.find(1));
            while (next[0] < request.behind) {
                id.read(turn, next[0]++, 0);
                int done = NOT_THERE;
                int groups = 1;
                if (stream.exists()) {
                    groups += stream.groups().count();
                    done = acknowledges
                            ? acknowledge(turn, stream, request, id)
                            : delete(stream, request.references, id);
                }
                turn.reply().integer(done);
                if (turn.isToPause(ENTRY_BYTES * groups) && next[0] < request.behind) {
                    return false;
                }
            }
            return true;
        });
    }

    private static int acknowledge(CommandCall call, Streams stream, Request request, IdArgument id) {
        Groups groups = stream.groups();
        long group = groups.find(call.address(2), call.length(2));
        if (group == 0) {
            return NOT_THERE;
        }
        boolean acknowledged = groups.dropPending(group, id.ms, id.seq);
        if (!acknowledged && stream.find(id.ms, id.seq)) {
            return NOT_THERE;
        }
        int done = delete(stream, request.references, id);
        return !acknowledged ? NOT_THERE : done == NEEDED ? NEEDED : DELETED;
    }

    private static int delete(Streams stream, References references, IdArgument id) {
        Groups groups = stream.groups();
        if (!stream.find(id.ms, id.seq)) {
            if (references == References.DELREF) {
                References.drop(groups, id.ms, id.seq);
            }
            return NOT_THERE;
        }
        if (references == References.ACKED && (groups.count() == 0 || References.isReferenced(groups, id.ms, id.seq))) {
            return NEEDED;
        }
        if (references == References.DELREF) {
            References.drop(groups, id.ms, id.seq);
        }
        stream.delete(id.ms, id.seq);
        return DELETED;
    }
}
