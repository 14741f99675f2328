package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;

/** The shards as a group; users get it, so that only the engine may shut it down. */
final class ShardGroup extends MultiThreadIoEventLoopGroup {
    private final Setup setup;

    ShardGroup(Setup setup, IoHandlerFactory ioHandlers) {
        super(setup.plan().shards().size(),
                (Executor) task -> setup.environment().threads()
                        .start(loop -> new ShardThread(loop, setup.name() + "-shard"), task),
                ioHandlers, setup);
        this.setup = setup;
        setup.running(true);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory ioHandlers, Object... args) {
        Setup setup = (Setup) args[0];
        return new Shard(this, executor, ioHandlers, setup, setup.nextPlace());
    }

    List<Shard> shards() {
        List<Shard> shards = new ArrayList<>();
        forEach(child -> shards.add((Shard) child));
        return List.copyOf(shards);
    }

    Future<?> stop(Duration patience) {
        setup.running(false);
        return super.shutdownGracefully(0, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Nothing, where the inherited method would wait for the end; the shards ignore the other ways to stop them. */
    @Override
    public void close() {}
}
