package io.solaster.benchmarks.engine;

import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.ClientAuth;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.tls.KeyMaterial;
import io.solaster.engine.tls.TlsContexts;
import org.jspecify.annotations.Nullable;

/**
 * Echo servers in a process of their own, one over TLS and one in clear text, on one thread: {@code TlsHost netty|solaster
 * key-store}. Prints their ports; the end of standard input ends the process.
 */
final class TlsHost {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private TlsHost() {}

    static void main(String... args) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of(args[1]))) {
            store.load(in, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        if (args[0].equals("netty")) {
            netty(keys);
        } else {
            solaster(keys);
        }
    }

    private static void solaster(KeyManagerFactory keys) throws Exception {
        ServerConfig config = ServerConfig.of("echo", 0);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER)
                .withTransport(Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO))) {
            TlsContexts contexts = new TlsContexts("echo", config.tls(), ClientAuth.NONE,
                    () -> ApplicationProtocolConfig.DISABLED, "echo",
                    Map.of("echo", KeyMaterial.ofFactories(keys, null)), engine.environment());
            TcpServer tls = TcpServer.bind(engine, "tls", config, Tls.over(contexts, config.tls(), engine.offload(),
                    (shard, channel) -> channel.pipeline().addLast(new Echo())));
            TcpServer plain = TcpServer.bind(engine, "plain", config,
                    (shard, channel) -> channel.pipeline().addLast(new Echo()));
            System.out.println(tls.port() + " " + plain.port());
            System.in.transferTo(System.err);
        }
    }

    private static void netty(KeyManagerFactory keys) throws Exception {
        boolean openSsl = OpenSsl.isAvailable();
        SslContext context = SslContextBuilder
                .forServer(openSsl ? new OpenSslCachingX509KeyManagerFactory(keys) : keys)
                .sslProvider(openSsl ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK).build();
        IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, io);
        try {
            System.out.println(port(loop, context) + " " + port(loop, null));
            System.in.transferTo(System.err);
        } finally {
            loop.shutdownGracefully();
        }
    }

    private static int port(MultiThreadIoEventLoopGroup loop, @Nullable SslContext context) {
        Class<? extends ServerChannel> type = Epoll.isAvailable()
                ? EpollServerSocketChannel.class
                : NioServerSocketChannel.class;
        Channel server = new ServerBootstrap().group(loop).channel(type)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (context != null) {
                            channel.pipeline().addLast(context.newHandler(channel.alloc()));
                        }
                        channel.pipeline().addLast(new Echo());
                    }
                }).bind("127.0.0.1", 0).syncUninterruptibly().channel();
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** Sends back what comes, and flushes once per read. */
    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
