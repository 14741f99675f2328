package io.solaster.boot.web.sample;

import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** JSON in and out, with validation. */
@RestController
@RequestMapping("/orders")
final class OrderController {
    private final Map<Long, Order> orders = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();
    private final Sample.Watch watch;

    OrderController(Sample.Watch watch) {
        this.watch = watch;
    }

    @PostMapping
    Mono<ResponseEntity<Order>> add(@Valid @RequestBody Mono<Order> order) {
        return order.map(given -> {
            watch.here();
            long id = ids.incrementAndGet();
            orders.put(id, given);
            return ResponseEntity.created(URI.create("/orders/" + id)).body(given);
        });
    }

    @GetMapping("/{id}")
    Mono<Order> get(@PathVariable long id) {
        watch.here();
        return Mono.justOrEmpty(orders.get(id))
                .switchIfEmpty(Mono.error(() -> new ResponseStatusException(HttpStatus.NOT_FOUND)));
    }

    @GetMapping
    Flux<Order> all() {
        return Flux.fromIterable(orders.values());
    }

    @DeleteMapping("/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    Mono<Void> remove(@PathVariable long id) {
        orders.remove(id);
        return Mono.empty();
    }

    record Order(@NotBlank String article, @Min(1) int count) {}
}
