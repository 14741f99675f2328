package io.solaster.pool;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;

/** A server of {@link Lines}: it answers each line with its name and the line, but 'hold', which it answers when told to. */
final class Backend implements ConnectionHandler, AutoCloseable {
    final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger accepted = new AtomicInteger();
    private final Set<Channel> held = ConcurrentHashMap.newKeySet();
    private final String name;
    private final Consumer<Channel> first;
    private TcpServer server;

    private Backend(String name, Consumer<Channel> first) {
        this.name = name;
        this.first = first;
    }

    static Backend start(Engine engine, String name) {
        return start(engine, name, 0, channel -> {});
    }

    /** @param first sees each connection before anything else */
    static Backend start(Engine engine, String name, int port, Consumer<Channel> first) {
        return start(engine, name, ServerConfig.of("lines", port), first);
    }

    /** On another address than that of loopback. */
    static Backend start(Engine engine, String name, String host, int port) {
        return start(engine, name, ServerConfig.of("lines", port).withHost(host), channel -> {});
    }

    private static Backend start(Engine engine, String name, ServerConfig config, Consumer<Channel> first) {
        Backend backend = new Backend(name, first);
        backend.server = TcpServer.bind(engine, name, config, backend);
        return backend;
    }

    int port() {
        return server.port();
    }

    Endpoint endpoint() {
        return Endpoint.of("127.0.0.1", port());
    }

    @Override
    public void connected(Shard shard, Channel channel) {
        connections.add(channel);
        accepted.incrementAndGet();
        channel.closeFuture().addListener(end -> connections.remove(channel));
        first.accept(channel);
        channel.pipeline().addLast(new LineBasedFrameDecoder(1024), new SimpleChannelInboundHandler<ByteBuf>() {
            @Override
            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf line) {
                String text = line.toString(StandardCharsets.US_ASCII);
                requests.incrementAndGet();
                if (text.equals("hold")) {
                    held.add(channel);
                } else {
                    say(channel, name + " " + text);
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ctx.close();
            }
        });
    }

    int held() {
        return held.size();
    }

    /** Answers what is held. */
    void release() {
        for (Channel channel : held) {
            held.remove(channel);
            say(channel, name + " hold");
        }
    }

    void cutAll() {
        connections.forEach(Channel::close);
    }

    private static void say(Channel channel, String line) {
        channel.writeAndFlush(Unpooled.copiedBuffer(line + "\n", StandardCharsets.US_ASCII));
    }

    @Override
    public byte[] refusal() {
        return new byte[0];
    }

    @Override
    public void close() {
        server.close();
    }
}
