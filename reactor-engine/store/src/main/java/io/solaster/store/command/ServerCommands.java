package io.solaster.store.command;

import java.time.Instant;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** Commands about all keys, and about the clock. */
final class ServerCommands {

    private ServerCommands() {}

    static void dbsize(CommandCall call) {
        call.reply().integer(call.keyspace().size());
    }

    /** ASYNC and SYNC are the same here: the keys are gone at once, and their memory is given back in later turns. */
    static void flush(CommandCall call) {
        if (call.count() > 2 || call.count() == 2 && !call.is(1, "async") && !call.is(1, "sync")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        call.keyspace().clear();
        call.reply().ok();
    }

    static void time(CommandCall call) {
        Instant now = call.shard().shard().environment().wallClock().instant();
        ReplyWriter reply = call.reply();
        reply.arrayHeader(2);
        reply.bulk(Long.toString(now.getEpochSecond()));
        reply.bulk(Integer.toString(now.getNano() / 1000));
    }
}
