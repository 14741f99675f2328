package io.solaster.benchmarks.peers;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.solaster.config.EngineConfig.Transport;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;

/**
 * Vert.x without a router: a switch over the path, the least that it can cost.
 */
public final class VertxPeer implements Peer {
    private static final Buffer HELLO_BUFFER = Buffer.buffer(Peer.hello());
    private static final CharSequence LENGTH = HttpHeaders.createOptimized(Integer.toString(HELLO.length()));
    private static final CharSequence TEXT = HttpHeaders.createOptimized("text/plain");
    private static final CharSequence JSON_TYPE = HttpHeaders.createOptimized("application/json");
    private static final CharSequence SERVER = HttpHeaders.createOptimized("vert.x");

    private final List<ServerWebSocket> room = new ArrayList<>();
    private CharSequence date = HttpHeaders.createOptimized("");
    private int id;

    @Override
    public String start(int port, Transport transport) throws Exception {
        io.vertx.core.transport.Transport chosen = switch (transport) {
            case IO_URING -> io.vertx.core.transport.Transport.IO_URING;
            case NIO -> io.vertx.core.transport.Transport.NIO;
            case AUTO, EPOLL -> io.vertx.core.transport.Transport.EPOLL;
        };
        Vertx vertx = Vertx.builder().with(new VertxOptions().setEventLoopPoolSize(1)).withTransport(chosen).build();
        date();
        vertx.setPeriodic(1000, tick -> date());
        vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(port))
                .requestHandler(this::handle)
                .webSocketHandler(socket -> {
                    if (socket.path().equals("/echo")) {
                        socket.binaryMessageHandler(socket::writeBinaryMessage);
                    } else {
                        room.add(socket);
                        socket.closeHandler(end -> room.remove(socket));
                        socket.binaryMessageHandler(message -> room.forEach(each -> each.writeBinaryMessage(message)));
                    }
                })
                .listen().toCompletionStage().toCompletableFuture().get();
        return chosen.name();
    }

    private void date() {
        date = HttpHeaders
                .createOptimized(DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)));
    }

    private void handle(HttpServerRequest request) {
        String path = Objects.requireNonNull(request.path());
        switch (path) {
            case "/plaintext" -> {
                request.response().headers().add(HttpHeaders.CONTENT_TYPE, TEXT).add(HttpHeaders.SERVER, SERVER)
                        .add(HttpHeaders.DATE, date).add(HttpHeaders.CONTENT_LENGTH, LENGTH);
                request.response().end(HELLO_BUFFER);
            }
            case "/json" -> {
                byte[] body = JSON.writeValueAsBytes(Item.next(id++));
                request.response().headers().add(HttpHeaders.CONTENT_TYPE, JSON_TYPE).add(HttpHeaders.SERVER, SERVER)
                        .add(HttpHeaders.DATE, date)
                        .add(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length));
                request.response().end(Buffer.buffer(body));
            }
            default -> {
                if (path.startsWith("/users/")) {
                    request.response().end(path.substring("/users/".length()));
                } else {
                    request.response().setStatusCode(404).end();
                }
            }
        }
    }
}
