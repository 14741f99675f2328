package io.solaster.spring.pool;

import java.util.function.BiFunction;

import io.solaster.config.PoolDiscoveryConfig;
import io.solaster.pool.discovery.Discovery;

/** A bean that finds the endpoints of pools whose {@code discovery.type} is its own. Of two the first is taken. */
public interface PoolDiscovery {

    /** Which type it is for. */
    PoolDiscoveryConfig.Type type();

    /** Finds endpoints for a pool. It is closed with the pool. */
    Discovery discovery(String pool, PoolDiscoveryConfig config);

    /** One that is made so. */
    static PoolDiscovery of(PoolDiscoveryConfig.Type type, BiFunction<String, PoolDiscoveryConfig, Discovery> made) {
        return new PoolDiscovery() {
            @Override
            public PoolDiscoveryConfig.Type type() {
                return type;
            }

            @Override
            public Discovery discovery(String pool, PoolDiscoveryConfig config) {
                return made.apply(pool, config);
            }
        };
    }
}
