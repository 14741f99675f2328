package io.solaster.benchmarks.peers;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.solaster.config.EngineConfig.Transport;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/** Reactor Netty with one event loop and its routes. */
public final class ReactorNettyPeer implements Peer {
    private final ByteBuf hello = Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(Peer.hello()));
    private final Sinks.Many<byte[]> room = Sinks.many().multicast().directBestEffort();
    private int id;

    @Override
    public String start(int port, Transport transport) {
        NettyTransport netty = NettyTransport.of(transport);
        HttpServer.create().host("127.0.0.1").port(port).runOn(new OneLoop(netty))
                .protocol(HttpProtocol.HTTP11, HttpProtocol.H2C).route(routes -> {
                    MORE.forEach(template -> routes.get(template, (request, response) -> response.send()));
                    routes.get("/users/{id}", (request, response) -> response
                            .sendString(Mono.justOrEmpty(request.param("id"))));
                    routes.get("/plaintext", (request, response) -> response
                            .header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN)
                            .header(HttpHeaderNames.CONTENT_LENGTH, "13").sendObject(hello.duplicate()));
                    routes.get("/json", (request, response) -> {
                        byte[] body = JSON.writeValueAsBytes(Item.next(id++));
                        return response.header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                                .header(HttpHeaderNames.CONTENT_LENGTH, Integer.toString(body.length))
                                .sendObject(Unpooled.wrappedBuffer(body));
                    });
                    routes.ws("/echo", (in, out) -> out.sendObject(in.receive()
                            .map(message -> new BinaryWebSocketFrame(message.retain())), each -> true));
                    routes.ws("/room", (in, out) -> out.sendObject(room.asFlux()
                            .map(message -> new BinaryWebSocketFrame(Unpooled.wrappedBuffer(message))), each -> true)
                            .then().and(in.receive().asByteArray().doOnNext(room::tryEmitNext)));
                }).bindNow();
        return netty.name();
    }

    /** Reactor Netty's own choice is io_uring wherever that is on the class path. */
    private static final class OneLoop implements LoopResources {
        private final EventLoopGroup loop;
        private final NettyTransport netty;

        OneLoop(NettyTransport netty) {
            this.loop = netty.oneLoop();
            this.netty = netty;
        }

        @Override
        public EventLoopGroup onServer(boolean useNative) {
            return loop;
        }

        @Override
        @SuppressWarnings("unchecked") // only servers are made
        public <C extends Channel> Class<? extends C> onChannelClass(Class<C> kind, EventLoopGroup group) {
            return (Class<? extends C>) netty.server();
        }

        @Override
        public <C extends Channel> C onChannel(Class<C> kind, EventLoopGroup group) {
            return new ReflectiveChannelFactory<C>(onChannelClass(kind, group)).newChannel();
        }
    }
}
