package io.solaster.boot.netty;

import java.util.concurrent.TimeUnit;

import io.lettuce.core.resource.EventLoopGroupProvider;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;

/** Hands Lettuce the shards, whatever kind of event loops it asks for. Releasing them does nothing. Any thread. */
final class ShardEventLoopGroupProvider implements EventLoopGroupProvider {
    private final ColocatedShards shards;
    private final int count;

    ShardEventLoopGroupProvider(ColocatedShards shards, int count) {
        this.shards = shards;
        this.count = count;
    }

    /** Lettuce uses what it gets as a group of event loops only. */
    @Override
    @SuppressWarnings("unchecked")
    public <T extends EventLoopGroup> T allocate(Class<T> type) {
        return (T) shards;
    }

    @Override
    public int threadPoolSize() {
        return count;
    }

    @Override
    public Future<Boolean> release(EventExecutorGroup group, long quietPeriod, long timeout, TimeUnit unit) {
        return released();
    }

    @Override
    public Future<Boolean> shutdown(long quietPeriod, long timeout, TimeUnit unit) {
        return released();
    }

    private static Future<Boolean> released() {
        return ImmediateEventExecutor.INSTANCE.newSucceededFuture(true);
    }
}
