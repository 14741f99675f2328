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
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.uring.IoUringChannelOption;
import io.solaster.config.EngineConfig.Transport;
import jdk.net.ExtendedSocketOptions;

/**
 * Has Lettuce make channels that the shards can serve. It takes the best transport of the machine, once for the process,
 * and offers no way to say otherwise; Netty lets a bootstrap's kind of channel be set but once. So it is put in place by
 * force, where the two differ. Any thread.
 */
final class ShardNettyCustomizer implements NettyCustomizer {
    private static final String USE_URING = "io.lettuce.core.iouring";
    private static final String NATIVE_EPOLL = "io.netty.channel.epoll.";
    private static final String NATIVE_URING = "io.netty.channel.uring.";

    private final Transport transport;
    private final Class<? extends SocketChannel> wanted;
    private final List<NettyCustomizer> others;

    /** @param others what the application customizes; called in their order */
    ShardNettyCustomizer(Transport transport, List<NettyCustomizer> others) {
        this.transport = transport;
        this.wanted = ChannelTypes.of(transport).stream();
        this.others = List.copyOf(others);
        if (Transports.socketChannelClass() != wanted) {
            // Fails now, if it does, and not with the first connection.
            force(new Bootstrap(), new ReflectiveChannelFactory<>(wanted));
        }
    }

    /**
     * With epoll and io_uring both there, and the engine brings both, Lettuce takes epoll and warns of it with every
     * connection. Before any class of Lettuce's looks.
     */
    static void silenceLettuce() {
        if (System.getProperty(USE_URING) == null) {
            System.setProperty(USE_URING, "false");
        }
    }

    @Override
    public void afterBootstrapInitialized(Bootstrap bootstrap) {
        Class<? extends Channel> taken = Transports.socketChannelClass();
        // A socket in the file system has channels of a kind of its own.
        if (taken != wanted && String.valueOf(bootstrap.config().channelFactory()).contains(taken.getSimpleName())) {
            force(bootstrap, new ReflectiveChannelFactory<>(wanted));
            translate(bootstrap);
        }
        others.forEach(other -> other.afterBootstrapInitialized(bootstrap));
    }

    /** What Lettuce sets for the transport that it has taken, said as the shards' transport says it. */
    private void translate(Bootstrap bootstrap) {
        bootstrap.config().options().forEach((option, value) -> {
            String name = option.name();
            if (name.startsWith(NATIVE_EPOLL) || name.startsWith(NATIVE_URING)) {
                bootstrap.option(option, null);
                set(bootstrap, name.substring(name.indexOf('#') + 1), value);
            }
        });
    }

    @SuppressWarnings("unchecked") // the options of one name take values of one type
    private void set(Bootstrap bootstrap, String name, Object value) {
        ChannelOption<?> option = switch (transport) {
            case EPOLL -> ChannelOption.valueOf(EpollChannelOption.class, name);
            case IO_URING -> ChannelOption.valueOf(IoUringChannelOption.class, name);
            case NIO, AUTO -> switch (name) {
                case "TCP_KEEPIDLE" -> NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE);
                case "TCP_KEEPINTVL" -> NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL);
                case "TCP_KEEPCNT" -> NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT);
                default -> null;
            };
        };
        if (option != null) {
            bootstrap.option((ChannelOption<Object>) option, value);
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
