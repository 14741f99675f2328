package io.solaster.boot.readme;

import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Sharded;
import org.springframework.stereotype.Service;

@Service
record Shop(Carts carts, Sharded<Carts> everybodys) {

    CompletableFuture<Integer> buy(long customer, String article) {
        return carts.add(customer, article);
    }

    CompletableFuture<Integer> customers() {
        return everybodys.onAll(Carts::count).thenApply(counts -> counts.stream().mapToInt(Integer::intValue).sum());
    }
}
