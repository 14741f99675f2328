package io.solaster.engine;

import io.netty.util.concurrent.FastThreadLocalThread;
import org.jspecify.annotations.Nullable;

/** A shard's thread; it knows its shard, so that {@link Shard#current} costs one type check. */
final class ShardThread extends FastThreadLocalThread {
    @Nullable
    Shard shard;

    ShardThread(Runnable target, String name) {
        super(target, name);
        // Shards keep the process alive, whoever starts them.
        setDaemon(false);
    }
}
