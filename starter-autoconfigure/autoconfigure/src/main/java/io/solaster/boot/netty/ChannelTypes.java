package io.solaster.boot.netty;

import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;

/**
 * The kinds of channel that the shards of an engine can serve. Libraries left to themselves take what the machine can do
 * best, which need not be what the engine runs on.
 */
record ChannelTypes(Class<? extends SocketChannel> stream, Class<? extends ServerSocketChannel> server,
        Class<? extends DatagramChannel> datagram) {

    static ChannelTypes of(Engine engine) {
        return of(engine.transport().kind());
    }

    static ChannelTypes of(Transport transport) {
        return switch (transport) {
            case IO_URING -> new ChannelTypes(IoUringSocketChannel.class, IoUringServerSocketChannel.class,
                    IoUringDatagramChannel.class);
            case EPOLL -> new ChannelTypes(EpollSocketChannel.class, EpollServerSocketChannel.class,
                    EpollDatagramChannel.class);
            case NIO, AUTO -> new ChannelTypes(NioSocketChannel.class, NioServerSocketChannel.class,
                    NioDatagramChannel.class);
        };
    }
}
