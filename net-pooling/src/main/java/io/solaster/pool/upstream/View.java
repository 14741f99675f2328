package io.solaster.pool.upstream;

import java.util.List;
import java.util.Map;

import io.solaster.config.PoolBalancingConfig;
import io.solaster.config.PoolHealthConfig;
import io.solaster.pool.balance.HashTable;

/**
 * What the aggregator tells the shards: all that they choose by, but for what each knows by itself. Immutable.
 *
 * @param version a later one replaces an earlier one, in whatever order they arrive
 * @param tables by priority, where the algorithm goes by keys; else empty
 */
record View(long version, PoolBalancingConfig balancing, PoolHealthConfig health, List<Member> members,
        Map<Integer, HashTable> tables) {
    static final View EMPTY = new View(0, PoolBalancingConfig.defaults(), PoolHealthConfig.defaults(), List.of(),
            Map.of());
}
