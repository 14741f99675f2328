package io.solaster.pool.request;

import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Histogram;

/** What one shard counts of the requests through a pool. Written on its shard, read by any thread. */
public final class RequestStats {
    /** Requests that were asked for. */
    public final Counter requests = new Counter();
    /** How long requests took that were answered, retries and all, in nanoseconds. */
    public final Histogram latency = new Histogram();
    /** Requests that failed without an answer. */
    public final Counter failures = new Counter();
    /** Requests among those that took too long. */
    public final Counter timeouts = new Counter();
    /** Requests among those that were refused since too many were under way. */
    public final Counter refused = new Counter();
    /** Requests that nobody waited for any more. */
    public final Counter cancelled = new Counter();
    /** Tries after no connection could be made. */
    public final Counter retriesUnreachable = new Counter();
    /** Tries after a connection was lost. */
    public final Counter retriesBroken = new Counter();
    /** Tries at once after a connection was found stale. */
    public final Counter retriesStale = new Counter();
    /** Tries after one that took too long. */
    public final Counter retriesTimeout = new Counter();
    /** Tries after an answer that asked for another, such as HTTP's 503. */
    public final Counter retriesAnswer = new Counter();
    /** Retries and hedges that the budget has not allowed. */
    public final Counter budgetExhausted = new Counter();
    /** Second tries beside a first that was slow. */
    public final Counter hedges = new Counter();
    /** Second tries among those that were answered first. */
    public final Counter hedgesWon = new Counter();

    /** All tries after a first one. */
    public long retries() {
        return retriesUnreachable.get() + retriesBroken.get() + retriesStale.get() + retriesTimeout.get()
                + retriesAnswer.get();
    }
}
