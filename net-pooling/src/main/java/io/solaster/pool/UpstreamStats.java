package io.solaster.pool;

import io.solaster.config.Internal;
import io.solaster.engine.stats.Counter;

/**
 * What one shard counts of an upstream. Written by the shard, read by any thread. What the whole process finds out is
 * counted by the one shard that finds it out, so that sums over the shards are right.
 */
public final class UpstreamStats {
    /** Endpoints ejected for errors in a row. */
    public final Counter ejectedForErrors = new Counter();
    /** Endpoints ejected for their success rate. */
    public final Counter ejectedForSuccessRate = new Counter();
    /** Endpoints ejected for their latency. */
    public final Counter ejectedForLatency = new Counter();
    /** Ejections that did not come about, since too many endpoints were ejected already. */
    public final Counter ejectionsRefused = new Counter();
    /** Endpoints that are ejected now. */
    public final Counter ejected = new Counter();
    /** Checks that have ended. */
    public final Counter checks = new Counter();
    /** Those of them that failed. */
    public final Counter checksFailed = new Counter();
    /** Endpoints that are well now. */
    public final Counter healthy = new Counter();
    /** Endpoints that there are. */
    public final Counter members = new Counter();
    /** Times that so few endpoints were well that health was ignored from then on. */
    public final Counter panics = new Counter();
    /** Requests of this shard that were sent without regard to health. */
    public final Counter panicked = new Counter();
    /** Times that a circuit breaker of this shard opened. */
    public final Counter breakersOpened = new Counter();
    /** Circuit breakers of this shard that are open or half open now. */
    public final Counter breakersOpen = new Counter();
    /** Times that this shard found no endpoint that may be asked. */
    public final Counter nobody = new Counter();

    /** Counts nothing yet; an upstream makes them. */
    @Internal
    public UpstreamStats() {}

    /** Endpoints ejected, for whatever reason. Any thread. */
    public long ejections() {
        return ejectedForErrors.get() + ejectedForSuccessRate.get() + ejectedForLatency.get();
    }
}
