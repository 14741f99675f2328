package io.solaster.store.script;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

import io.solaster.engine.ShardFuture;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/** What a command answers that asks others, such as all shards. */
record LaterReply<T extends @Nullable Object>(CompletableFuture<T> result, BiConsumer<ReplyWriter, T> answer) {
    boolean isThere() {
        return result.isDone();
    }

    /** Writes it, once it is there. */
    void write(ReplyWriter reply) {
        int before = reply.position();
        try {
            answer.accept(reply, result.join());
        } catch (Throwable failure) {
            reply.rewind(before);
            reply.error(Errors.of(ShardFuture.causeOf(failure)));
        }
    }
}
