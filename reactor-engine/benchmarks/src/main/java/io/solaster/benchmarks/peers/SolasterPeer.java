package io.solaster.benchmarks.peers;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.http.JacksonCodec;
import io.solaster.http.Json;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;

/** One shard, its router, and every limit and timeout that a server has by default. */
public final class SolasterPeer implements Peer {
    private int id;

    @Override
    public String start(int port, Transport transport) {
        Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withTransport(transport));
        WebSockets sockets = WebSockets.on(engine, WebSocketConfig.defaults());
        Json json = new Json(new JacksonCodec(JSON));
        byte[] hello = Peer.hello();
        Router.Builder routes = Router.builder();
        MORE.forEach(template -> routes.get(template, (request, response) -> response.send()));
        Router router = routes.get("/users/{id}", (request, response) -> response.send(request.pathParam("id")))
                .get("/plaintext", (request, response) -> response
                        .header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN).send(hello))
                .get("/json", (request, response) -> json.send(request, response, Item.next(id++)))
                .get("/echo", sockets.handler(new Echo()))
                .get("/room", sockets.handler(new Everybody(sockets)))
                .build();
        ServerConfig config = ServerConfig.of("http", port);
        TcpServer.bind(engine, "web", config, new HttpProtocol(router, config));
        return TransportChoice.label(engine.transport().kind());
    }

    private static final class Echo implements WebSocketListener {

        @Override
        public void binary(WebSocket socket, ByteBuf bytes) {
            socket.send(bytes.retain());
        }
    }

    private record Everybody(WebSockets sockets) implements WebSocketListener {

        @Override
        public void binary(WebSocket socket, ByteBuf bytes) {
            sockets.broadcast(bytes.retain());
        }
    }
}
