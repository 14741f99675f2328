package io.solaster.rpc.server;

import io.solaster.engine.stats.Counter;

/** What {@link RpcStats} says, of one shard: written there, read by any thread. */
final class ServerCounts {
    final Counter begun = new Counter();
    final Counter running = new Counter();
    final Counter failed = new Counter();
    final Counter cancelled = new Counter();
    final Counter refused = new Counter();
    final Counter forwarded = new Counter();
    final Counter broken = new Counter();
    final Counter violations = new Counter();
}
