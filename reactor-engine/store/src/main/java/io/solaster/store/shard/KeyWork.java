package io.solaster.store.shard;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/** Something that code of this process does with a key, while others use keys of the shard for longer. On that shard. */
final class KeyWork<R extends @Nullable Object> {
    private final StoreShard shard;
    private final Function<StoreShard, R> work;
    private final CompletableFuture<R> result;
    private final Intent intent = new Intent(this::hasKey, this::lose);

    KeyWork(StoreShard shard, Function<StoreShard, R> work, CompletableFuture<R> result) {
        this.shard = shard;
        this.work = work;
        this.result = result;
    }

    void begin(int slot, boolean writes) {
        intent.begin(writes);
        intent.slot(slot);
        if (shard.locks().addHere(intent)) {
            run();
        }
    }

    private void hasKey() {
        shard.shard().executeOrElse(this::run, this::lose);
    }

    private void lose() {
        result.completeExceptionally(new IllegalStateException("the shard has stopped"));
    }

    private void run() {
        try {
            // It may have waited since the disk was slow, and that is full now.
            String refusal = intent.exclusive ? shard.refusalToKeep() : null;
            if (refusal != null) {
                result.completeExceptionally(new RejectedExecutionException(refusal));
                return;
            }
            shard.perform(intent.exclusive, work).whenComplete((done, why) -> {
                if (why == null) {
                    result.complete(done);
                } else {
                    result.completeExceptionally(why);
                }
            });
        } catch (Throwable failure) {
            result.completeExceptionally(failure);
        } finally {
            shard.locks().remove(intent);
        }
    }
}
