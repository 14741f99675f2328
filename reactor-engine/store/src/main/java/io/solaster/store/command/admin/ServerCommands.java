package io.solaster.store.command.admin;

import java.time.Instant;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.watch.Monitors;
import io.solaster.store.watch.ShardWatch;

/** Commands about all keys, and about the clock. */
public final class ServerCommands {

    private ServerCommands() {}

    public static void dbsize(CommandCall call) {
        call.reply().integer(call.keyspace().size());
    }

    /** ASYNC and SYNC are the same here: the keys are gone at once, and their memory is given back in later turns. */
    public static void flush(CommandCall call) {
        if (isFlush(call)) {
            call.keyspace().clear();
            call.reply().ok();
        } else {
            call.reply().error(Errors.SYNTAX);
        }
    }

    /** Whether the arguments are those of FLUSHALL. */
    public static boolean isFlush(CommandCall call) {
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
