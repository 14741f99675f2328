package io.solaster.benchmarks.peers;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.solaster.config.EngineConfig.Transport;

/** Netty's HttpServerCodec and one handler: no routes, no limits, no timeouts. */
public final class NettyPeer implements Peer {
    private final ByteBuf hello = Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(Peer.hello()));
    private int id;

    @Override
    public String start(int port, Transport transport) throws InterruptedException {
        NettyTransport netty = NettyTransport.of(transport);
        new ServerBootstrap().group(netty.oneLoop()).channel(netty.server())
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new Handler());
                    }
                }).bind("127.0.0.1", port).sync();
        return netty.name();
    }

    private final class Handler extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof HttpRequest request) {
                context.write(switch (request.uri()) {
                    case "/plaintext" -> answer(hello.duplicate(), "text/plain");
                    case "/json" -> answer(Unpooled.wrappedBuffer(JSON.writeValueAsBytes(Item.next(id++))),
                            "application/json");
                    default -> new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND);
                });
            } else if (!(message instanceof LastHttpContent)) {
                context.close();
            }
            ReferenceCountUtil.release(message);
        }

        private static FullHttpResponse answer(ByteBuf body, String type) {
            FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body);
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, type).setInt(HttpHeaderNames.CONTENT_LENGTH,
                    body.readableBytes());
            return response;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    }
}
