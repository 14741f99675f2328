package io.solaster.pool;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;

/** What stands between a pool and a backend, on the shards, and does what networks and sick servers do. Any thread. */
final class FaultProxy implements ConnectionHandler, AutoCloseable {
    enum Fault {
        /** All passes. */
        NONE,
        /** What comes is read, and goes nowhere. */
        SILENT,
        /** The first bytes of an answer pass, and then the connection is reset. */
        RESET
    }

    private final Engine engine;
    private final int backendPort;
    private final Set<Channel> clients = ConcurrentHashMap.newKeySet();
    private final int port;
    private volatile Fault fault = Fault.NONE;
    private volatile long delayMillis;
    private TcpServer server;

    private FaultProxy(Engine engine, int backendPort) {
        this.engine = engine;
        this.backendPort = backendPort;
        this.server = TcpServer.bind(engine, "proxy", ServerConfig.of("tcp", 0), this);
        this.port = server.port();
    }

    static FaultProxy before(Engine engine, int backendPort) {
        return new FaultProxy(engine, backendPort);
    }

    Endpoint endpoint() {
        return Endpoint.of("127.0.0.1", port);
    }

    int port() {
        return port;
    }

    int connections() {
        return clients.size();
    }

    void fault(Fault newFault) {
        fault = newFault;
    }

    /** How much later answers come. */
    void delay(long millis) {
        delayMillis = millis;
    }

    /** Nobody listens, and what was there is cut. */
    void refuse() {
        server.drain(Duration.ZERO);
        cut();
    }

    void listen() {
        server = TcpServer.bind(engine, "proxy", ServerConfig.of("tcp", port), this);
    }

    /** Closes what is there. */
    void cut() {
        clients.forEach(Channel::close);
    }

    @Override
    public void connected(Shard shard, Channel client) {
        clients.add(client);
        client.closeFuture().addListener(end -> clients.remove(client));
        client.config().setAutoRead(false);
        SocketChannel backend = engine.transport().clientChannels().get();
        backend.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            private boolean answered;

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object answer) {
                switch (fault) {
                    case SILENT -> ReferenceCountUtil.release(answer);
                    case RESET -> {
                        ByteBuf some = ((ByteBuf) answer)
                                .readRetainedSlice(Math.min(2, ((ByteBuf) answer).readableBytes()));
                        ReferenceCountUtil.release(answer);
                        client.writeAndFlush(some).addListener(written -> reset(client));
                    }
                    case NONE -> {
                        if (delayMillis == 0) {
                            client.writeAndFlush(answer);
                        } else {
                            shard.schedule(() -> {
                                client.writeAndFlush(answer);
                            }, delayMillis, TimeUnit.MILLISECONDS);
                        }
                    }
                }
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                client.close();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ctx.close();
            }
        });
        client.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object request) {
                if (fault == Fault.SILENT) {
                    ReferenceCountUtil.release(request);
                } else {
                    backend.writeAndFlush(request);
                }
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                backend.close();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ctx.close();
            }
        });
        shard.register(backend).addListener(registered -> backend
                .connect(new java.net.InetSocketAddress("127.0.0.1", backendPort)).addListener(done -> {
                    if (done.isSuccess()) {
                        client.config().setAutoRead(true);
                    } else {
                        client.close();
                    }
                }));
    }

    /** RST in place of FIN. */
    static void reset(Channel channel) {
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.close();
    }

    @Override
    public byte[] refusal() {
        return new byte[0];
    }

    @Override
    public void close() {
        cut();
        server.close();
    }
}
