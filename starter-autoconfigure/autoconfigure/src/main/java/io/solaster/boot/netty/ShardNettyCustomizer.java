package io.solaster.boot.netty;

import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.util.List;

import io.lettuce.core.resource.NettyCustomizer;
import io.lettuce.core.resource.Transports;
import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.socket.SocketChannel;
import io.solaster.config.EngineConfig.Transport;

/**
 * Has Lettuce make channels that the shards can serve. It takes the best transport of the machine, once for the process,
 * and offers no way to say otherwise; Netty lets a bootstrap's kind of channel be set but once. So it is put in place by
 * force, where the two differ. Any thread.
 */
final class ShardNettyCustomizer implements NettyCustomizer {
    private final Class<? extends SocketChannel> wanted;
    private final List<NettyCustomizer> others;

    /** @param others what the application customizes; called in their order */
    ShardNettyCustomizer(Transport transport, List<NettyCustomizer> others) {
        this.wanted = ChannelTypes.of(transport).stream();
        this.others = List.copyOf(others);
        if (Transports.socketChannelClass() != wanted) {
            // Fails now, if it does, and not with the first connection.
            force(new Bootstrap(), new ReflectiveChannelFactory<>(wanted));
        }
    }

    @Override
    public void afterBootstrapInitialized(Bootstrap bootstrap) {
        Class<? extends Channel> taken = Transports.socketChannelClass();
        // A socket in the file system has channels of a kind of its own.
        if (taken != wanted && String.valueOf(bootstrap.config().channelFactory()).contains(taken.getSimpleName())) {
            force(bootstrap, new ReflectiveChannelFactory<>(wanted));
            dropOptionsOf(taken, bootstrap);
        }
        others.forEach(other -> other.afterBootstrapInitialized(bootstrap));
    }

    /** Else Netty warns of each with every connection. */
    private static void dropOptionsOf(Class<? extends Channel> taken, Bootstrap bootstrap) {
        String prefix = taken.getPackageName();
        for (ChannelOption<?> option : bootstrap.config().options().keySet()) {
            if (option.getClass().getPackageName().equals(prefix) || option.name().startsWith(prefix)) {
                bootstrap.option(option, null);
            }
        }
    }

    @Override
    public void afterChannelInitialized(Channel channel) {
        others.forEach(other -> other.afterChannelInitialized(channel));
    }

    private static void force(Bootstrap bootstrap, ChannelFactory<?> factory) {
        try {
            Field field = AbstractBootstrap.class.getDeclaredField("channelFactory");
            field.setAccessible(true);
            field.set(bootstrap, factory);
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            throw new IllegalStateException("Netty does not let Lettuce's kind of channel be set (" + e
                    + "); set solaster.engine.transport to 'epoll', or solaster.libraries.lettuce to false", e);
        }
    }
}
