package io.solaster.boot.netty;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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
import io.solaster.engine.net.TransportChoice;
import io.solaster.config.EngineConfig.Transport;

/**
 * Has Lettuce make channels that the shards can serve. It takes the best transport of the machine, once for the process,
 * and offers no way to say otherwise; Netty lets a bootstrap's kind of channel be set but once. So it is put in place by
 * force, where the two differ. Any thread.
 */
final class ShardNettyCustomizer implements NettyCustomizer {
    private final Transport transport;
    private final Class<? extends SocketChannel> wanted;
    private final List<NettyCustomizer> others;

    /** @param others what the application customizes; called in their order */
    ShardNettyCustomizer(Transport transport, List<NettyCustomizer> others) {
        this.transport = transport;
        this.wanted = ChannelTypes.of(transport).stream();
        this.others = List.copyOf(others);
    }

    @Override
    public void afterBootstrapInitialized(Bootstrap bootstrap) {
        Class<? extends Channel> taken = Transports.socketChannelClass();
        // A socket in the file system has channels of a kind of its own.
        if (taken != wanted && String.valueOf(bootstrap.config().channelFactory()).contains(taken.getSimpleName())) {
            Factory.set(bootstrap, new ReflectiveChannelFactory<>(wanted), transport);
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

    /** Looked up only where it is needed. */
    private static final class Factory {
        private static final VarHandle FACTORY;

        static {
            try {
                FACTORY = MethodHandles.privateLookupIn(AbstractBootstrap.class, MethodHandles.lookup())
                        .findVarHandle(AbstractBootstrap.class, "channelFactory", ChannelFactory.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        static void set(Bootstrap bootstrap, ChannelFactory<?> factory, Transport transport) {
            try {
                FACTORY.setVolatile(bootstrap, factory);
            } catch (LinkageError e) {
                throw new IllegalStateException("Lettuce cannot run on shards over " + TransportChoice.label(transport)
                        + " here (" + e.getCause() + "); set solaster.engine.transport to 'epoll', or"
                        + " solaster.libraries.lettuce to false", e);
            }
        }
    }
}
