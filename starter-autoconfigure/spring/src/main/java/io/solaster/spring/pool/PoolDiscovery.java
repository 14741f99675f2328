package io.solaster.spring.pool;

import java.util.function.BiFunction;

import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.pool.discovery.Discovery;

/** A bean that finds the endpoints of pools whose {@code discovery.type} is its own. Of two the first is taken. */
public interface PoolDiscovery {

    /** Which type it is for. */
    DiscoveryConfig.Type type();

    /** Finds endpoints for a pool. It is closed with the pool. */
    Discovery discovery(String pool, DiscoveryConfig config);

    /** One that is made so. */
    static PoolDiscovery of(DiscoveryConfig.Type type, BiFunction<String, DiscoveryConfig, Discovery> made) {
        return new PoolDiscovery() {
            @Override
            public DiscoveryConfig.Type type() {
                return type;
            }

            @Override
            public Discovery discovery(String pool, DiscoveryConfig config) {
                return made.apply(pool, config);
            }
        };
    }
}
