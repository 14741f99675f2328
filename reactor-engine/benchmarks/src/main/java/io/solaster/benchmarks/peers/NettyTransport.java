package io.solaster.benchmarks.peers;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.solaster.config.EngineConfig.Transport;

/**
 * What peers run on that are made of Netty.
 *
 * @param name as it is printed
 * @param loops makes event loops
 * @param server what listens on them
 */
record NettyTransport(String name, IoHandlerFactory loops, Class<? extends ServerChannel> server) {

    static NettyTransport of(Transport transport) {
        return switch (transport) {
            case IO_URING -> new NettyTransport("io_uring", IoUringIoHandler.newFactory(),
                    IoUringServerSocketChannel.class);
            case NIO -> new NettyTransport("nio", NioIoHandler.newFactory(), NioServerSocketChannel.class);
            case AUTO, EPOLL -> new NettyTransport("epoll", EpollIoHandler.newFactory(),
                    EpollServerSocketChannel.class);
        };
    }

    /** One event loop, of a thread of its own. */
    EventLoopGroup oneLoop() {
        return new MultiThreadIoEventLoopGroup(1, loops);
    }
}
