package io.solaster.boot.web.sample;

import static org.springframework.web.reactive.function.server.RequestPredicates.POST;
import static org.springframework.web.reactive.function.server.RequestPredicates.path;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.reactive.socket.CloseStatus;
import org.springframework.web.reactive.socket.HandshakeInfo;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.WebSocketSession;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The application. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({OrderController.class, StreamController.class, MiscController.class})
public class Sample {

    @Bean
    Watch watch() {
        return new Watch();
    }

    /** Sees every request, its response before it is committed, and how it ended. */
    @Bean
    WebFilter watching(Watch watch) {
        return (exchange, chain) -> {
            watch.here();
            exchange.getResponse().beforeCommit(() -> {
                exchange.getResponse().getHeaders().add("X-Sample", "committed");
                return Mono.empty();
            });
            return chain.filter(exchange).doFinally(signal -> {
                watch.here();
                watch.ends.add(exchange.getRequest().getMethod() + " " + exchange.getRequest().getPath() + " "
                        + signal);
            });
        };
    }

    @Bean
    RouterFunction<ServerResponse> echo() {
        return route(POST("/fn/echo"),
                request -> ServerResponse.ok().contentType(MediaType.APPLICATION_OCTET_STREAM)
                        .body(request.bodyToFlux(DataBuffer.class), DataBuffer.class));
    }

    @Bean
    RouterFunction<ServerResponse> nested(Watch watch) {
        return RouterFunctions.nest(path("/fn"), route().GET("/hello/{name}", request -> {
            watch.here();
            return ServerResponse.ok().bodyValue("Hello, " + request.pathVariable("name"));
        }).resources("/files/**", new ClassPathResource("webflux-sample/")).build());
    }

    @Bean
    HandlerMapping sockets(Watch watch) {
        Map<String, WebSocketHandler> handlers = new HashMap<>();
        handlers.put("/ws/echo", session -> session.send(session.receive().map(message -> {
            watch.here();
            return switch (message.getType()) {
                case TEXT -> session.textMessage(message.getPayloadAsText());
                default -> session.binaryMessage(buffers -> buffers.wrap(bytes(message)));
            };
        })).doFinally(signal -> watch.ends.add("WS " + signal)));
        handlers.put("/ws/chat", new Chat());
        handlers.put("/ws/farewell", session -> session
                .send(Mono.just(session.textMessage("bye"))).then(session.close(new CloseStatus(4001, "enough"))));
        handlers.put("/ws/flood", session -> session.send(Flux.range(0, Integer.MAX_VALUE).map(i -> {
            watch.sent.incrementAndGet();
            return session.binaryMessage(buffers -> buffers.wrap(new byte[16_384]));
        })));
        return new SimpleUrlHandlerMapping(handlers, -1);
    }

    private static byte[] bytes(WebSocketMessage message) {
        byte[] bytes = new byte[message.getPayload().readableByteCount()];
        message.getPayload().read(bytes);
        return bytes;
    }

    /** Speaks one of two subprotocols, and says what it knows of the handshake. */
    private static final class Chat implements WebSocketHandler {
        @Override
        public List<String> getSubProtocols() {
            return List.of("chat.v2", "chat.v1");
        }

        @Override
        public Mono<Void> handle(WebSocketSession session) {
            HandshakeInfo info = session.getHandshakeInfo();
            return session
                    .send(Flux.just(session.textMessage(info.getSubProtocol() + " " + info.getUri().getPath() + " "
                            + info.getHeaders().getFirst("X-Name"))).concatWith(session.receive().map(
                                    message -> session.textMessage(
                                            message.getPayloadAsText().toUpperCase(Locale.ROOT)))));
        }
    }

    /** What was seen of threads and of the ends of requests. Any thread. */
    static final class Watch {
        final Set<String> threads = ConcurrentHashMap.newKeySet();
        final ConcurrentLinkedQueue<String> ends = new ConcurrentLinkedQueue<>();
        final AtomicInteger sent = new AtomicInteger();

        void here() {
            threads.add(Thread.currentThread().getName());
        }
    }
}
