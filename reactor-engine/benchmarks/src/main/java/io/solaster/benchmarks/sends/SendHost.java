package io.solaster.benchmarks.sends;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;

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
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.internal.PlatformDependent;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.ClientAuth;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.tls.KeyMaterial;
import io.solaster.engine.tls.TlsContexts;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.jspecify.annotations.Nullable;

/**
 * A server in a process of its own, as {@code sends.sh} starts it: {@code SendHost http|resp|tls|netty|netty-tls port transport
 * directory|key-store}.
 * Answers each line on standard input with the bytes in use on the heap, after a collection, and off it; ends with that input.
 */
public final class SendHost {
    static final String READY = "ready";
    static final String PASSWORD = "changeit";
    private static final int COLLECTIONS = 3;
    private static final int BACKLOG = 4096;

    private SendHost() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[1]);
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        if (args[0].startsWith("netty")) {
            bare(port, transport, args[0].equals("netty") ? null : nettysTls(Path.of(args[3])));
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

    private static void serve(String protocol, int port, Transport transport, Path directory) throws Exception {
        Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withTransport(transport));
        ServerConfig config = ServerConfig.of(protocol, port);
        TcpServer.bind(engine, "web", config, switch (protocol) {
            case "http" ->
                new HttpProtocol(Router.builder().get("/{*path}", StaticFiles.of(directory)).build(), config);
            case "tls" -> Tls.over(
                    new TlsContexts("web", config.tls(), ClientAuth.NONE, () -> ApplicationProtocolConfig.DISABLED,
                            "web",
                            Map.of("web", KeyMaterial.ofFactories(keys(directory), null)), engine.environment()),
                    config.tls(), engine.offload(), (shard, channel) -> channel.pipeline().addLast(new Answer()));
            default -> new RespProtocol(Store.on(engine), config);
        });
    }

    private static KeyManagerFactory keys(Path file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD.toCharArray());
        return keys;
    }

    private static SslContext nettysTls(Path file) throws Exception {
        boolean openSsl = OpenSsl.isAvailable();
        KeyManagerFactory keys = keys(file);
        return SslContextBuilder.forServer(openSsl ? new OpenSslCachingX509KeyManagerFactory(keys) : keys)
                .sslProvider(openSsl ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK).build();
    }

    /** Netty's channel with a handler that lets go of what comes. */
    private static void bare(int port, Transport transport, @Nullable SslContext tls) throws InterruptedException {
        boolean ring = transport == Transport.IO_URING;
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1,
                ring ? IoUringIoHandler.newFactory() : EpollIoHandler.newFactory());
        Class<? extends ServerChannel> type = ring ? IoUringServerSocketChannel.class : EpollServerSocketChannel.class;
        new ServerBootstrap().group(group).channel(type)
                .option(io.netty.channel.ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
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
