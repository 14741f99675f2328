package io.solaster.boot.web.sample;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** Streams down and up. */
@RestController
final class StreamController {
    static final int CHUNK = 16_384;

    final AtomicLong produced = new AtomicLong();
    final AtomicLong consumed = new AtomicLong();
    final AtomicLong cancelled = new AtomicLong();
    volatile Sinks.Empty<Void> gate = Sinks.empty();
    private final Sample.Watch watch;

    StreamController(Sample.Watch watch) {
        this.watch = watch;
    }

    @GetMapping(path = "/ticks", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<ServerSentEvent<String>> ticks(@RequestParam int count) {
        return Flux.range(0, count).map(i -> {
            watch.here();
            return ServerSentEvent.builder("tick " + i).id(String.valueOf(i)).event("tick").build();
        });
    }

    /** One event, and then silence until somebody leaves. */
    @GetMapping(path = "/ticks/endless", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<String> endless() {
        return Flux.just("first").concatWith(Flux.never()).doOnCancel(cancelled::incrementAndGet);
    }

    /** From Reactor's own threads. */
    @GetMapping(path = "/ticks/timed", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<String> timed(@RequestParam int count) {
        return Flux.interval(Duration.ofMillis(1), Schedulers.parallel()).onBackpressureBuffer().take(count)
                .map(i -> "tick " + i);
    }

    /** Alternately from one thread and another. */
    @GetMapping(path = "/ping-pong", produces = MediaType.TEXT_PLAIN_VALUE)
    Mono<Void> pingPong(@RequestParam int count, ServerHttpResponse response) {
        DataBufferFactory buffers = response.bufferFactory();
        return response.writeWith(Flux.range(0, count)
                .concatMap(i -> i % 2 == 0 ? Mono.just(i) : Mono.just(i).publishOn(Schedulers.parallel()))
                .map(i -> buffers.wrap((i + "\n").getBytes(StandardCharsets.US_ASCII))));
    }

    @GetMapping(path = "/down", produces = MediaType.APPLICATION_OCTET_STREAM_VALUE)
    Flux<DataBuffer> down(@RequestParam int chunks, ServerHttpResponse response) {
        DataBufferFactory buffers = response.bufferFactory();
        return Flux.range(0, chunks).map(i -> {
            produced.incrementAndGet();
            return buffers.wrap(new byte[CHUNK]);
        }).doOnCancel(cancelled::incrementAndGet);
    }

    /** Breaks in the middle. */
    @GetMapping(path = "/down/broken", produces = MediaType.TEXT_PLAIN_VALUE)
    Mono<Void> broken(ServerHttpResponse response) {
        DataBufferFactory buffers = response.bufferFactory();
        return response.writeWith(Flux.just("some", "more")
                .map(text -> buffers.wrap(text.getBytes(StandardCharsets.US_ASCII)))
                .map(DataBuffer.class::cast).concatWith(Mono.error(new IllegalStateException("broken"))));
    }

    @PostMapping("/up")
    Mono<String> up(ServerHttpRequest request) {
        return request.getBody().map(part -> {
            watch.here();
            int bytes = part.readableByteCount();
            DataBufferUtils.release(part);
            return (long) bytes;
        }).reduce(0L, Long::sum).map(String::valueOf);
    }

    /** Takes a part, and no other before the gate is open. */
    @PostMapping("/up/slow")
    Mono<String> slow(ServerHttpRequest request) {
        return request.getBody().concatMap(part -> {
            consumed.addAndGet(part.readableByteCount());
            int bytes = part.readableByteCount();
            DataBufferUtils.release(part);
            return gate.asMono().thenReturn((long) bytes);
        }, 1).reduce(0L, Long::sum).map(String::valueOf);
    }

    /** Answers without looking at the body. */
    @PostMapping("/up/ignored")
    String ignored() {
        return "ignored";
    }
}
