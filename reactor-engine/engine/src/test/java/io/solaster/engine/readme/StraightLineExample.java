package io.solaster.engine.readme;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.Scope;
import io.solaster.engine.Shard;

/** Straight-line code: it waits, and its shard goes on. */
final class StraightLineExample {

    private StraightLineExample() {}

    static String run(Engine engine, Path path) throws Exception {
        // A virtual thread that never leaves its shard: what waits parks it, and the shard goes on.
        Fork<String> greeting = engine.shard(0).fork(() -> {
            // Both at once and on this shard, done within ten seconds or cancelled.
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST, Duration.ofSeconds(10))) {
                Fork<Integer> shards = scope.fork(() -> engine.submitToAll(Shard::id).get().size());
                // A file blocks in native code and would hold the shard up: off the shards with it.
                Fork<String> file = scope.fork(() -> engine.offload().call(() -> Files.readString(path)).get());
                scope.join();
                return file.future().join() + " from shard " + Shard.current().id() + " of " + shards.future().join();
            }
        });
        return greeting.future().get();
    }
}
