package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.net.InetSocketAddress;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.UdpConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.udp.UdpServer;

/**
 * A server that echoes datagrams, in a process of its own, as {@code udp.sh} starts it: {@code UdpHost netty|shard|shard-gro}.
 * It prints its port, and ends with its standard input.
 */
public final class UdpHost {
    private static final int LONGEST = 2048;
    private static final int BATCH = 32;

    private UdpHost() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        System.out.println(args[0].equals("netty") ? netty() : shard(args[0].equals("shard-gro")));
        while (System.in.read() >= 0) {
            // Until it ends.
        }
        System.exit(0);
    }

    private static int shard(boolean gro) {
        Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withTransport(Transport.EPOLL));
        return UdpServer.bind(engine, "echo", UdpConfig.of("echo", 0).withBatch(BATCH).withOffload(gro, true),
                (endpoint, bytes, from) -> endpoint.send(bytes.retain(), from)).port();
    }

    private static int netty() throws InterruptedException {
        return ((InetSocketAddress) new Bootstrap()
                .group(new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()))
                .channel(EpollDatagramChannel.class)
                .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, LONGEST)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(LONGEST * BATCH))
                .handler(new Echo()).bind("127.0.0.1", 0).sync().channel().localAddress()).getPort();
    }

    /** As anybody would write it: what has come at once is answered at once. */
    private static final class Echo extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            context.write(new DatagramPacket(packet.content(), packet.sender()), context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    }
}
