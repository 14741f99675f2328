package io.solaster.boot.readme;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Shard;
import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScheduled;
import io.solaster.spring.ShardScope;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

@Component
@ShardScope
class Carts {
    // Those of this shard's customers. One thread touches them, so there is nothing to lock.
    private final Map<Long, List<String>> carts = new HashMap<>();

    @OnShard(key = "#customer") // wherever it is called, it runs on the shard that owns the customer
    public CompletableFuture<Integer> add(long customer, String article) {
        List<String> cart = carts.computeIfAbsent(customer, id -> new ArrayList<>());
        cart.add(article);
        return CompletableFuture.completedFuture(cart.size());
    }

    public int count() {
        return carts.size();
    }

    @ShardScheduled(fixedRate = "${carts.report-every:1m}")
    void report(Shard shard) {
        LoggerFactory.getLogger(Carts.class).info("Shard {} holds {} carts", shard.id(), carts.size());
    }
}
