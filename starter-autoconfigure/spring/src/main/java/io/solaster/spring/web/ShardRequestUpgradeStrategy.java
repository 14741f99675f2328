package io.solaster.spring.web;

import java.util.function.Supplier;

import io.solaster.http.HttpRequest;
import io.solaster.http.websocket.WebSockets;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.reactive.socket.HandshakeInfo;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.server.RequestUpgradeStrategy;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** Turns a request of WebFlux into a WebSocket of the shard that owns its connection. Any thread. */
public final class ShardRequestUpgradeStrategy implements RequestUpgradeStrategy {
    private final WebSockets sockets;

    /**
     * WebSockets beside the others of these.
     *
     * @param sockets has the limits that they go by
     */
    public ShardRequestUpgradeStrategy(WebSockets sockets) {
        this.sockets = sockets;
    }

    /**
     * Shakes hands, and has the handler converse.
     *
     * @return done when the handler is, and failed if it fails; the conversation ends with it
     * @throws IllegalStateException if another server than ours has the request
     */
    @Override
    public Mono<Void> upgrade(ServerWebExchange exchange, WebSocketHandler handler, @Nullable String subProtocol,
            Supplier<HandshakeInfo> handshakeInfoFactory) {
        ShardServerHttpResponse response = shardResponse(exchange.getResponse());
        HttpRequest request = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
        HandshakeInfo info = handshakeInfoFactory.get();
        // First what the application's filters do before the response is committed.
        return response.setComplete().then(Mono.<ShardWebSocketSession>create(sink -> {
            Handling begun = response.handling();
            begun.onShard(() -> shakeHands(request, begun, subProtocol, info, response, sink));
        })).flatMap(session -> converse(handler, session));
    }

    private void shakeHands(HttpRequest request, Handling handling, @Nullable String subProtocol, HandshakeInfo info,
            ServerHttpResponse response, MonoSink<ShardWebSocketSession> sink) {
        if (handling.isAnswered()) {
            sink.error(new IllegalStateException("the request has been answered, or its client has gone"));
            return;
        }
        ShardWebSocketSession session = new ShardWebSocketSession(info, response.bufferFactory(), sink);
        // Origins are the matter of Spring's CORS, which has been asked.
        var handshake = sockets.handler(asked -> session.listener()).withOrigins("*");
        var agreed = subProtocol == null ? handshake : handshake.withSubprotocols(subProtocol);
        handling.handOver(open -> {
            try {
                agreed.handle(request, open);
            } catch (Exception failure) {
                open.fail(failure);
                sink.error(failure);
                return;
            }
            if (!session.isAccepted()) {
                // The request was wrong, and has been told so.
                sink.success();
            }
        });
    }

    private static Mono<Void> converse(WebSocketHandler handler, ShardWebSocketSession session) {
        return Mono.defer(() -> handler.handle(session)).doOnError(session::failed)
                .then(Mono.defer(session::close));
    }

    private static ShardServerHttpResponse shardResponse(ServerHttpResponse response) {
        ServerHttpResponse inner = response;
        while (inner instanceof ServerHttpResponseDecorator decorator) {
            inner = decorator.getDelegate();
        }
        if (inner instanceof ShardServerHttpResponse ours) {
            return ours;
        }
        throw new IllegalStateException(
                "a WebSocket of the shards needs a request that the shards serve, and this one is"
                        + " answered by " + inner.getClass().getName() + "; set solaster.web.server to solaster");
    }
}
