package io.solaster.benchmarks.peers;

import java.nio.ByteBuffer;
import java.util.Objects;

import io.solaster.config.EngineConfig.Transport;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.RoutingHandler;
import io.undertow.util.Headers;

/** Undertow with one I/O thread and its routing handler; nothing is dispatched to a worker. */
public final class UndertowPeer implements Peer {
    private static final ByteBuffer HELLO_BUFFER = ByteBuffer.allocateDirect(HELLO.length()).put(Peer.hello()).flip();

    private int id;

    @Override
    public String start(int port, Transport transport) {
        RoutingHandler routes = new RoutingHandler();
        MORE.forEach(template -> routes.get(template, exchange -> exchange.endExchange()));
        routes.get("/users/{id}",
                exchange -> exchange.getResponseSender()
                        .send(Objects.requireNonNull(exchange.getQueryParameters().get("id")).getFirst()));
        routes.get("/plaintext", exchange -> {
            exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, "text/plain");
            exchange.getResponseSender().send(HELLO_BUFFER.duplicate());
        });
        routes.get("/json", exchange -> {
            exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, "application/json");
            exchange.getResponseSender().send(ByteBuffer.wrap(JSON.writeValueAsBytes(Item.next(id++))));
        });
        Undertow.builder().addHttpListener(port, "127.0.0.1").setIoThreads(1).setWorkerThreads(1)
                .setServerOption(UndertowOptions.ALWAYS_SET_KEEP_ALIVE, false)
                .setServerOption(UndertowOptions.ENABLE_HTTP2, true).setHandler(routes).build().start();
        return "nio";
    }
}
