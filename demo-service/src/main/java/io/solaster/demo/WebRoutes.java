package io.solaster.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Engine;
import io.solaster.engine.timer.Timer;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.JacksonCodec;
import io.solaster.http.Json;
import io.solaster.http.ServerSentEvents;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import io.solaster.store.Store;
import io.solaster.store.Strings;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

/** What the server {@code web} answers. Every handler runs on the shard that owns the connection. */
@Configuration(proxyBeanMethods = false)
class WebRoutes {
    private static final byte[] HELLO = "Hello, World!".getBytes(UTF_8);

    /** What {@code /json} answers. */
    record Greeting(String message, int shard) {}

    @Bean
    Router web(Engine engine, Store store, WebSockets sockets, JsonMapper mapper, UpstreamRoutes upstream,
            TopicRoutes topics) {
        Json json = new Json(new JacksonCodec(mapper));
        Strings strings = store.strings();
        return Router.builder()
                .get("/plaintext", (request, response) -> response
                        .header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN).send(HELLO))
                .get("/json", (request, response) -> json.send(request, response,
                        new Greeting("Hello, World!", request.shard().id())))
                .get("/kv/{key}", HttpHandler.async((request, response) -> get(strings, request, response)))
                .put("/kv/{key}", HttpHandler.async((request, response) -> put(strings, request, response)))
                .delete("/kv/{key}", HttpHandler.async((request, response) -> delete(strings, request, response)))
                .get("/ws/{room}", sockets.handler(new Chat(sockets)))
                .get("/events", (request, response) -> events(engine, request, response))
                .mount("/upstream", upstream.routes())
                // To a router another path than the one without the slash; to whoever types it the same.
                .get("/upstream/", (request, response) -> response.status(HttpResponseStatus.PERMANENT_REDIRECT)
                        .header(HttpHeaderNames.LOCATION, "/upstream").send())
                .mount("/topics", topics.routes())
                .get("/{*file}", StaticFiles.ofClassPath(WebRoutes.class.getClassLoader(), "web"))
                .build();
    }

    /** The key that a Redis client sees, asked of the shard that owns it. */
    private static CompletionStage<?> get(Strings strings, HttpRequest request, HttpResponse response) {
        String key = owner(strings, request, response);
        return strings.get(key).thenAccept(value -> {
            if (value == null) {
                response.status(HttpResponseStatus.NOT_FOUND).send("no key " + key);
            } else {
                response.header(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_OCTET_STREAM).send(value);
            }
        });
    }

    private static CompletionStage<?> put(Strings strings, HttpRequest request, HttpResponse response) {
        String key = owner(strings, request, response);
        byte[] value = ByteBufUtil.getBytes(request.body().content());
        return strings.set(key, value)
                .thenRun(() -> response.status(HttpResponseStatus.NO_CONTENT).send());
    }

    private static CompletionStage<?> delete(Strings strings, HttpRequest request, HttpResponse response) {
        String key = owner(strings, request, response);
        return strings.remove(key).thenAccept(removed -> {
            if (removed) {
                response.status(HttpResponseStatus.NO_CONTENT).send();
            } else {
                response.status(HttpResponseStatus.NOT_FOUND).send("no key " + key);
            }
        });
    }

    /** The key of a request; the response says which shard owns it. */
    private static String owner(Strings strings, HttpRequest request, HttpResponse response) {
        String key = request.pathParam("key");
        response.header("X-Shard", Integer.toString(strings.owner(key)));
        return key;
    }

    /** What the connection's shard does, once a second. */
    private static void events(Engine engine, HttpRequest request, HttpResponse response) {
        ServerSentEvents events = ServerSentEvents.on(request, response);
        Timer timer = ShardNews.tell(engine, request.shard(), events::send);
        events.onClose(timer::cancel);
    }

    /** Hands what one says to all who are in the same room, on whichever shard they are. */
    private record Chat(WebSockets sockets) implements WebSocketListener {

        @Override
        public void opened(WebSocket socket) {
            sockets.rooms().join(socket.pathParam("room"), socket);
        }

        @Override
        public void text(WebSocket socket, String text) {
            sockets.rooms().broadcast(socket.pathParam("room"), text);
        }
    }
}
