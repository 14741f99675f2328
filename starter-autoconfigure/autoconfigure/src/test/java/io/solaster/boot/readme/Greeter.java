package io.solaster.boot.readme;

import java.time.Duration;

import io.solaster.engine.Shard;
import io.solaster.spring.ShardSchedulers;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

@RestController
class Greeter {

    @GetMapping("/greet/{name}")
    Mono<String> greet(@PathVariable String name) {
        // On the shard that owns the connection, from the first byte to the last.
        return Mono.just("Hello, " + name + ", from shard " + Shard.current().id());
    }

    @GetMapping(path = "/ticks", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<String> ticks() {
        return Flux.interval(Duration.ofSeconds(1), ShardSchedulers.of(Shard.current())).map(i -> "tick " + i);
    }
}
