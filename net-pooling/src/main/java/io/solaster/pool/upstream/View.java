package io.solaster.pool.upstream;

import java.util.List;
import java.util.Map;

import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.pool.balance.HashTable;

/**
 * What the aggregator tells the shards: all that they choose by, but for what each knows by itself. Immutable.
 *
 * @param version a later one replaces an earlier one, in whatever order they arrive
 * @param tables by priority, where the algorithm goes by keys; else empty
 */
record View(long version, BalancingConfig balancing, PoolHealthConfig health, List<Member> members,
        Map<Integer, HashTable> tables) {
    static final View EMPTY = new View(0, BalancingConfig.defaults(), PoolHealthConfig.defaults(), List.of(),
            Map.of());
}
