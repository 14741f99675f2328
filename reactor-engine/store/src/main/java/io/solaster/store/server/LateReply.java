package io.solaster.store.server;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/** A command that has begun and is answered in a later turn, while nothing behind it is begun. On the shard that runs it. */
final class LateReply {
    private final Runnable goOn;
    private CommandCall.@Nullable Unfinished rest;

    /** @param goOn called once it can be answered, in the turn in which that comes about */
    LateReply(Runnable goOn) {
        this.goOn = goOn;
    }

    /** Whether the command that was run last has left off; then it is kept. */
    boolean takes(CommandCall call) {
        CommandCall.Unfinished left = call.takeUnfinished();
        if (left == null) {
            return false;
        }
        rest = left;
        left.whenDone(goOn);
        return true;
    }

    boolean isAny() {
        return rest != null;
    }

    /** Answers it; false if it is to be waited for still. */
    boolean answers(ReplyWriter reply) {
        CommandCall.Unfinished known = rest;
        if (known == null || !known.isDone()) {
            return false;
        }
        rest = null;
        known.answer(reply);
        return true;
    }

    /** Nobody waits for the answer any more. */
    void drop() {
        if (rest != null) {
            rest.drop();
            rest = null;
        }
    }
}
