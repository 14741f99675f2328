package io.solaster.boot.actuate;

import java.util.Locale;
import java.util.function.ToLongFunction;

import io.solaster.pool.PoolStats;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import io.solaster.spring.pool.PoolHandle;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * UP while enough endpoints of a pool are well, be it not all of them; DOWN when fewer are than {@code panic-threshold}
 * says, or none. It reads counters only, so that a stuck shard cannot hold it.
 */
final class PoolHealthIndicator extends AbstractHealthIndicator {
    private final PoolHandle pool;

    PoolHealthIndicator(PoolHandle pool) {
        super("The health of pool '" + pool.name() + "' cannot be told");
        this.pool = pool;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        UpstreamState state = pool.upstream().state();
        (state == UpstreamState.DOWN ? health.down() : health.up())
                .withDetail("state", state.name().toLowerCase(Locale.ROOT))
                .withDetail("endpoints", upstream(stats -> stats.members.get()))
                .withDetail("healthy", upstream(stats -> stats.healthy.get()))
                .withDetail("ejected", upstream(stats -> stats.ejected.get()))
                .withDetail("connections", connections(stats -> stats.open.get()))
                .withDetail("pending", connections(stats -> stats.pending.get()));
    }

    private long upstream(ToLongFunction<UpstreamStats> value) {
        return pool.upstream().stats().stream().mapToLong(value).sum();
    }

    private long connections(ToLongFunction<PoolStats> value) {
        return pool.connections().stream().mapToLong(value).sum();
    }
}
