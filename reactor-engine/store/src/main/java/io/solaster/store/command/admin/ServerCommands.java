package io.solaster.store.command.admin;

import java.time.Instant;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Parts;
import io.solaster.store.watch.Monitors;
import io.solaster.store.watch.ShardWatch;
import org.jspecify.annotations.Nullable;

/** Commands about all keys, and about the clock. */
public final class ServerCommands {

    private ServerCommands() {}

    public static void dbsize(CommandCall call) {
        call.reply().integer(call.keyspace().size(call.database()));
    }

    /** ASYNC and SYNC are the same here: the keys are gone at once, and their memory is given back in later turns. */
    public static void flushAll(CommandCall call) {
        answer(call, flush(call, false));
    }

    public static void flushDatabase(CommandCall call) {
        answer(call, flush(call, true));
    }

    private static void answer(CommandCall call, @Nullable String error) {
        if (error == null) {
            call.reply().ok();
        } else {
            call.reply().error(error);
        }
    }

    /**
     * Removes all keys of this shard.
     *
     * @param one whether those of the selected database alone
     * @return what is wrong with the command; null for nothing
     */
    public static @Nullable String flush(CommandCall call, boolean one) {
        if (!isFlush(call)) {
            return Errors.SYNTAX;
        }
        if (one) {
            call.keyspace().empty();
        } else {
            call.keyspace().clear();
        }
        return null;
    }

    public static void swap(CommandCall call) {
        answer(call, swapHere(call));
    }

    /** Swaps two databases on this shard; what is wrong with the command, or null. */
    public static @Nullable String swapHere(CommandCall call) {
        Parts parts = call.shard().parts();
        if (!call.isInteger(1) || call.integer() != (int) call.integer()) {
            return "ERR invalid first DB index";
        }
        long one = call.integer();
        if (!call.isInteger(2) || call.integer() != (int) call.integer()) {
            return "ERR invalid second DB index";
        }
        long other = call.integer();
        if (!parts.hasDatabase(one) || !parts.hasDatabase(other)) {
            return Errors.NO_SUCH_DATABASE;
        }
        if (one != other) {
            call.keyspace().swap((int) one, (int) other);
        }
        return null;
    }

    /** Whether the arguments are those of FLUSHALL. */
    private static boolean isFlush(CommandCall call) {
        return call.count() == 1 || call.count() == 2 && (call.is(1, "async") || call.is(1, "sync"));
    }

    public static void lolwut(CommandCall call) {
        call.reply().verbatim("txt",
                "  *  \n * * \n*   *\n * * \n  *  \nSolaster, as Redis ver. " + Info.REDIS_VERSION + "\n");
    }

    public static void monitor(CommandCall call) {
        Client client = call.client();
        Monitors monitors = ShardWatch.of(call.shard()).monitors();
        if (client.state().monitors()) {
            call.reply().ok();
            return;
        }
        client.state().monitors(true);
        call.later(monitors.begin(client), (reply, done) -> {
            monitors.add(client);
            reply.ok();
        });
    }

    public static void time(CommandCall call) {
        Instant now = call.shard().shard().environment().wallClock().instant();
        ReplyWriter reply = call.reply();
        reply.arrayHeader(2);
        reply.bulk(Long.toString(now.getEpochSecond()));
        reply.bulk(Integer.toString(now.getNano() / 1000));
    }
}
