package io.solaster.testkit.sim;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.solaster.engine.transport.ReadyIoHandle;
import org.jspecify.annotations.Nullable;

/** What ties a simulated channel to its shard. On that shard, but for {@link #look}. */
final class SimHandle implements ReadyIoHandle {
    private final Channel channel;
    private final Runnable ready;
    private @Nullable IoRegistration registration;

    /** @param ready called in the shard's next turn after each {@link #look} */
    SimHandle(Channel channel, Runnable ready) {
        this.channel = channel;
        this.ready = ready;
    }

    static boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(ReadyIoHandle.class);
    }

    void register(ChannelPromise promise) {
        ((IoEventLoop) channel.eventLoop()).register(this).addListener(future -> {
            if (future.isSuccess()) {
                registration = (IoRegistration) future.getNow();
                promise.setSuccess();
            } else {
                promise.setFailure(future.cause());
            }
        });
    }

    void deregister() {
        IoRegistration present = registration;
        if (present != null) {
            registration = null;
            present.cancel();
        }
    }

    /** Has the shard look at the channel, if it is registered. By whoever holds the baton. */
    void look() {
        IoRegistration present = registration;
        if (present != null) {
            present.submit(SimOps.LOOK);
        }
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        ready.run();
    }

    @Override
    public void close() {
        channel.unsafe().close(channel.voidPromise());
    }
}
