package io.solaster.pool.upstream;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.engine.Offload;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Upstream;
import io.solaster.pool.balance.HashTable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hash tables that shards choose by where requests go by their keys, one a priority. On the books' home. */
final class Tables {
    private static final Logger log = LoggerFactory.getLogger(Upstream.class);

    private final Offload offload;
    private final String label;
    /** What the tables were made of; another order, weight or algorithm makes others. */
    private @Nullable Blueprint made;
    private Map<Integer, HashTable> current = Map.of();
    private @Nullable CompletionStage<Boolean> making;

    Tables(Offload offload, String label) {
        this.offload = offload;
        this.label = label;
    }

    /** By priority; empty where requests do not go by keys. */
    Map<Integer, HashTable> current() {
        return current;
    }

    /** What tables are made of. */
    private record Blueprint(Algorithm algorithm, List<Endpoint> endpoints) {

        Map<Integer, HashTable> make() {
            return endpoints.stream().collect(Collectors.groupingBy(Endpoint::priority, TreeMap::new,
                    Collectors.collectingAndThen(Collectors.toList(), level -> HashTable.of(algorithm, level))));
        }
    }

    /**
     * Sees to it that the tables fit.
     *
     * @return true if they do; false once something was made, which may not be the newest any more
     */
    CompletionStage<Boolean> fit(Algorithm algorithm, List<Endpoint> members) {
        if (algorithm != Algorithm.RING_HASH && algorithm != Algorithm.MAGLEV || members.isEmpty()) {
            current = Map.of();
            made = null;
            return CompletableFuture.completedStage(true);
        }
        Blueprint wanted = new Blueprint(algorithm, members);
        if (wanted.equals(made)) {
            return CompletableFuture.completedStage(true);
        }
        if (making == null) {
            // It takes milliseconds; until then the shards go by what they were told before.
            making = offload.call(wanted::make).handle((tables, failure) -> {
                making = null;
                made = wanted;
                if (failure == null) {
                    current = tables;
                } else {
                    log.error("{}: no table for {} endpoints; the one before goes on to hold", label,
                            wanted.endpoints().size(), failure);
                }
                return false;
            });
        }
        return making;
    }
}
