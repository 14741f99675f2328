package io.solaster.engine.readme;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.sync.AbortSource;
import io.solaster.engine.sync.Gate;
import io.solaster.engine.sync.Loops;
import io.solaster.engine.sync.Patience;
import io.solaster.engine.sync.Pipe;
import io.solaster.engine.sync.Semaphore;

/** Primitives of one shard: a gate, a semaphore, a pipe and two loops. */
final class SyncExample {

    private SyncExample() {}

    /** On a shard. */
    static CompletableFuture<Void> run(List<String> sent) {
        Gate gate = new Gate();
        AbortSource stop = new AbortSource();
        Pipe<String> outbox = new Pipe<>(8);
        Semaphore connections = new Semaphore(2);

        // One reader; it waits while the pipe is empty, and the writers while it is full.
        ShardFuture<Void> sender = Loops.repeat(() -> outbox.read().thenApply(text -> {
            if (text == null) {
                return Loops.Next.STOP;
            }
            sent.add(text);
            return Loops.Next.AGAIN;
        }));
        // A hundred requests: each holds the gate open, and one of two connections for as long as it takes.
        Patience patience = Patience.of(Duration.ofMinutes(1), stop);
        ShardFuture<Void> requests = Loops.parallelForEach(IntStream.range(0, 100).boxed().toList(),
                i -> gate.with(() -> connections.with(1, patience, () -> outbox.write("request " + i, patience))));

        // In order: nothing new begins, what began ends, the pipe is emptied.
        return requests.thenCompose(all -> gate.close()).thenCompose(empty -> {
            outbox.closeWriter();
            return sender;
        });
    }
}
