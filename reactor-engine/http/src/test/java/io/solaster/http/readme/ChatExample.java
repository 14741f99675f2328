package io.solaster.http.readme;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Engine;
import io.solaster.http.HttpException;
import io.solaster.http.route.Router;
import io.solaster.http.websocket.Rooms;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;

final class ChatExample {
    private ChatExample() {}

    static Router run(Engine engine) {
        WebSockets sockets = WebSockets.on(engine, WebSocketConfig.defaults());
        Rooms rooms = sockets.rooms();
        return Router.builder()
                // A listener for each connection, made of its request while that is there.
                .get("/rooms/{room}", sockets.handler(request -> {
                    String name = request.query("name");
                    if (name == null) {
                        throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "who are you?");
                    }
                    return new Guest(rooms, request.pathParam("room"), name);
                }).withOrigins("https://chat.example"))
                // Straight-line code, on a virtual thread of the connection's shard.
                .get("/greeting", sockets.conversation(talk -> {
                    talk.send("Who is there?");
                    talk.send("Hello, " + talk.receive() + "!");
                }))
                .build();
    }

    /** Called on the shard that owns the connection. */
    record Guest(Rooms rooms, String room, String name) implements WebSocketListener {

        @Override
        public void opened(WebSocket socket) {
            rooms.join(room, socket); // and leaves when it disconnects
        }

        @Override
        public void text(WebSocket socket, String text) {
            rooms.broadcast(room, name + ": " + text); // to everybody in there, on every shard
        }
    }
}
