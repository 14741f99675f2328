package io.solaster.benchmarks.sends;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;

/** Many connections to one server, which ask once. */
interface Clients extends AutoCloseable {
    /** Opens so many more. */
    void connect(int port, int count) throws IOException, InterruptedException;

    /** Has each ask, and be answered. */
    void ask() throws IOException, InterruptedException;

    /** Closes those that there are. */
    void closeAll() throws IOException;

    @Override
    void close() throws IOException;

    /** Over TCP alone. */
    final class Plain implements Clients {
        private final byte[] request;
        private final List<SocketChannel> channels = new ArrayList<>();

        Plain(String request) {
            this.request = request.getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public void connect(int port, int count) throws IOException {
            for (int i = 0; i < count; i++) {
                channels.add(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
            }
        }

        @Override
        public void ask() throws IOException {
            ByteBuffer into = ByteBuffer.allocateDirect(4096);
            for (SocketChannel channel : channels) {
                channel.write(ByteBuffer.wrap(request));
                if (channel.read(into.clear()) <= 0) {
                    throw new IOException("the server has closed an idle connection");
                }
            }
        }

        @Override
        public void closeAll() throws IOException {
            for (SocketChannel channel : channels) {
                channel.close();
            }
            channels.clear();
        }

        @Override
        public void close() throws IOException {
            closeAll();
        }
    }

    /** Over TLS; one after the other, since each makes a full handshake. */
    final class Encrypted implements Clients {
        private static final long PATIENCE_SECONDS = 60;

        private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        private final List<Channel> channels = new ArrayList<>();
        private final Semaphore answers = new Semaphore(0);
        private final Bootstrap bootstrap;

        Encrypted() throws IOException {
            SslContext context = SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                    .endpointIdentificationAlgorithm(null).build();
            bootstrap = new Bootstrap().group(loop).channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(context.newHandler(channel.alloc()), new Answered());
                        }
                    });
        }

        private final class Answered extends ChannelInboundHandlerAdapter {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ((ByteBuf) message).release();
                answers.release();
            }
        }

        @Override
        public void connect(int port, int count) throws InterruptedException {
            for (int i = 0; i < count; i++) {
                Channel channel = bootstrap.connect("127.0.0.1", port).sync().channel();
                channel.pipeline().get(SslHandler.class).handshakeFuture().sync();
                channels.add(channel);
            }
        }

        @Override
        public void ask() throws IOException, InterruptedException {
            for (Channel channel : channels) {
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[]{1}));
                if (!answers.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("an idle connection was not answered within " + PATIENCE_SECONDS + " s");
                }
            }
        }

        @Override
        public void closeAll() {
            for (Channel channel : channels) {
                channel.close().syncUninterruptibly();
            }
            channels.clear();
        }

        @Override
        public void close() {
            closeAll();
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
