package io.solaster.store.command.pubsub;

import java.util.concurrent.CompletableFuture;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.CommandCall;
import io.solaster.streams.subscribe.PublishRefusedException;

/** A message that waits until a subscriber whose policy is 'wait' has room for it. On the home of its channel. */
final class WaitingPublish implements CommandCall.Unfinished {
    /** What errors begin with that say so. */
    static final String NO_ROOM = "NOROOM ";

    private final CompletableFuture<Integer> receivers;

    WaitingPublish(CompletableFuture<Integer> receivers) {
        this.receivers = receivers;
    }

    @Override
    public boolean isDone() {
        return receivers.isDone();
    }

    @Override
    public void whenDone(Runnable told) {
        receivers.whenComplete((count, failure) -> told.run());
    }

    @Override
    public void answer(ReplyWriter reply) {
        switch (receivers.state()) {
            case SUCCESS -> reply.integer(receivers.resultNow());
            case FAILED -> {
                Throwable why = receivers.exceptionNow();
                reply.error(why instanceof PublishRefusedException ? NO_ROOM + why.getMessage() : "ERR " + why);
            }
            default -> throw new IllegalStateException("a message that nobody waits for is answered");
        }
    }

    @Override
    public void drop() {
        receivers.cancel(false);
    }
}
