package io.solaster.demo;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Shard;
import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScope;
import org.springframework.stereotype.Component;

/**
 * Counts visits by name. Each shard has an instance of its own, which nobody else touches: a plain map will do, without a
 * lock. A call comes from any thread, and runs on the shard that owns the name.
 */
@Component
@ShardScope
class Visits {
    /** Names come from outside, and this is no place to keep all that anybody may think of. */
    private static final int MOST_NAMES = 10_000;

    private final Map<String, Integer> counts = new HashMap<>();
    private final Shard shard;

    Visits(Shard shard) {
        this.shard = shard;
    }

    /**
     * How often somebody came by, and where that is known.
     *
     * @param visits this one included; 0 for a name that there is no room for
     */
    record Visit(String name, int visits, int shard) {}

    @OnShard(key = "#name")
    public CompletableFuture<Visit> of(String name) {
        boolean room = counts.size() < MOST_NAMES || counts.containsKey(name);
        return CompletableFuture.completedFuture(
                new Visit(name, room ? counts.merge(name, 1, Integer::sum) : 0, shard.id()));
    }
}
