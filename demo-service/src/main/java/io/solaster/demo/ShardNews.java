package io.solaster.demo;

import java.time.Duration;
import java.util.function.Consumer;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;

/** What a shard does, told at once and then once a second. On that shard. */
final class ShardNews {
    static final Duration EVERY = Duration.ofSeconds(1);

    private ShardNews() {}

    /** Tells the reader until the timer is cancelled. */
    static Timer tell(Engine engine, Shard shard, Consumer<String> reader) {
        Timer timer = shard.timers().coarseTimer(() -> reader.accept("shard " + shard.id() + " of "
                + engine.shards().size() + ": " + shard.stats().connections.get() + " connections, "
                + shard.stats().tasks.get() + " tasks"));
        timer.armWithFixedDelay(Duration.ofMillis(1), EVERY);
        return timer;
    }
}
