package io.solaster.boot.netty;

import java.time.Duration;
import java.util.Map;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.transport.TransportChoice;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/**
 * The shards as Reactor Netty's event loops, with channels of the engine's transport whatever Reactor Netty would prefer:
 * servers spread their connections over the shards, clients stay on the shard that calls. Disposing does nothing. Any
 * thread.
 */
final class ShardLoopResources implements LoopResources {
    private final EventLoopGroup shards;
    private final ColocatedShards colocated;
    private final Transport transport;
    private final Map<Class<?>, Class<? extends Channel>> types;
    private final Map<Class<?>, ChannelFactory<? extends Channel>> factories;

    ShardLoopResources(Engine engine) {
        this.shards = engine.eventLoopGroup();
        this.colocated = new ColocatedShards(engine);
        this.transport = engine.transport().kind();
        ChannelTypes channels = ChannelTypes.of(transport);
        this.types = Map.of(SocketChannel.class, channels.stream(), ServerSocketChannel.class, channels.server(),
                DatagramChannel.class, channels.datagram());
        this.factories = Map.of(SocketChannel.class, new ReflectiveChannelFactory<>(channels.stream()),
                ServerSocketChannel.class, new ReflectiveChannelFactory<>(channels.server()), DatagramChannel.class,
                new ReflectiveChannelFactory<>(channels.datagram()));
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return shards;
    }

    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return colocated;
    }

    @Override
    @SuppressWarnings("unchecked") // the maps pair each kind with its own
    public <C extends Channel> C onChannel(Class<C> kind, EventLoopGroup group) {
        return ((ChannelFactory<C>) known(factories.get(kind), kind)).newChannel();
    }

    @Override
    @SuppressWarnings("unchecked") // as above
    public <C extends Channel> Class<? extends C> onChannelClass(Class<C> kind, EventLoopGroup group) {
        return (Class<? extends C>) known(types.get(kind), kind);
    }

    private <T> T known(@Nullable T found, Class<?> kind) {
        if (found == null) {
            throw new IllegalArgumentException("no " + kind.getSimpleName() + " on shards over "
                    + TransportChoice.label(transport) + "; connect by TCP, or set solaster.libraries.reactor-netty"
                    + " to false");
        }
        return found;
    }

    /** Others must not shut the shards down. */
    @Override
    public boolean daemon() {
        return true;
    }

    @Override
    public void dispose() {
        // Only the engine stops its shards.
    }

    @Override
    public Mono<Void> disposeLater(Duration quietPeriod, Duration timeout) {
        return Mono.empty();
    }

    @Override
    public String toString() {
        return "ShardLoopResources[" + shards + "]";
    }
}
