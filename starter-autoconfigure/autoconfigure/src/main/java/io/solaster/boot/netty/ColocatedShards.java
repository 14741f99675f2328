package io.solaster.boot.netty;

import java.util.Iterator;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutorGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * The shards as clients want them: who asks on a shard, or on a virtual thread that one carries, gets that shard, so that
 * what it calls answers where it was called; who asks elsewhere gets the next in turn. Shutting it down does nothing. Any
 * thread.
 */
final class ColocatedShards extends AbstractEventExecutorGroup implements EventLoopGroup {
    private final EventLoopGroup shards;

    ColocatedShards(Engine engine) {
        this.shards = engine.eventLoopGroup();
    }

    /** The calling shard, or the one that carries the calling virtual thread; null on any other thread. */
    @Nullable
    Shard here() {
        Shard here = Shard.current();
        return here != null && shards.equals(here.parent()) ? here : null;
    }

    /** The calling shard, or the next in turn. */
    Shard nextShard() {
        Shard here = here();
        return here != null ? here : (Shard) shards.next();
    }

    @Override
    public EventLoop next() {
        return nextShard();
    }

    @Override
    public Iterator<EventExecutor> iterator() {
        return shards.iterator();
    }

    @Override
    public ChannelFuture register(Channel channel) {
        return next().register(channel);
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        return next().register(promise);
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        return next().register(channel, promise);
    }

    @Override
    public boolean isShuttingDown() {
        return shards.isShuttingDown();
    }

    @Override
    public boolean isShutdown() {
        return shards.isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return shards.isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return shards.awaitTermination(timeout, unit);
    }

    @Override
    public Future<?> terminationFuture() {
        return shards.terminationFuture();
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return terminationFuture();
    }

    @Override
    @Deprecated
    public void shutdown() {
        // Only the engine stops its shards.
    }

    /** Nothing, where the inherited method would wait for the end. */
    @Override
    public void close() {}
}
