package io.solaster.benchmarks.sends;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.internal.PlatformDependent;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;

/**
 * A server in a process of its own, as {@code sends.sh} starts it: {@code SendHost http|resp|netty port transport directory}.
 * Answers each line on standard input with the bytes in use on the heap, after a collection, and off it; ends with that input.
 */
public final class SendHost {
    static final String READY = "ready";
    private static final int COLLECTIONS = 3;
    private static final int BACKLOG = 4096;

    private SendHost() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException, InterruptedException {
        int port = Integer.parseInt(args[1]);
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        if (args[0].equals("netty")) {
            bare(port, transport);
        } else {
            serve(args[0], port, transport, Path.of(args[3]));
        }
        System.out.println(READY);
        BufferedReader control = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        while (control.readLine() != null) {
            for (int i = 0; i < COLLECTIONS; i++) {
                System.gc();
            }
            System.out.println(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() + " "
                    + PlatformDependent.usedDirectMemory());
        }
        System.exit(0);
    }

    private static void serve(String protocol, int port, Transport transport, Path directory) {
        Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withTransport(transport));
        ServerConfig config = ServerConfig.of(protocol, port);
        TcpServer.bind(engine, "web", config, protocol.equals("http")
                ? new HttpProtocol(Router.builder().get("/{*path}", StaticFiles.of(directory)).build(), config)
                : new RespProtocol(Store.on(engine), config));
    }

    /** Netty's channel with a handler that lets go of what comes. */
    private static void bare(int port, Transport transport) throws InterruptedException {
        boolean ring = transport == Transport.IO_URING;
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1,
                ring ? IoUringIoHandler.newFactory() : EpollIoHandler.newFactory());
        Class<? extends ServerChannel> type = ring ? IoUringServerSocketChannel.class : EpollServerSocketChannel.class;
        new ServerBootstrap().group(group).channel(type)
                .option(io.netty.channel.ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new Answer());
                    }
                }).bind("127.0.0.1", port).sync();
    }

    private static final class Answer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(io.netty.channel.ChannelHandlerContext context, Object message) {
            // What came is as good an answer as any.
            context.writeAndFlush(message);
        }
    }
}
