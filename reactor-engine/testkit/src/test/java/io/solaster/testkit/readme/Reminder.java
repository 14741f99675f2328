package io.solaster.testkit.readme;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Shard;

/** What the guide's first test tries. */
final class Reminder {

    private Reminder() {}

    static CompletableFuture<String> in(Duration time, String what) {
        return Shard.sleep(time).thenApply(_ -> what);
    }
}
