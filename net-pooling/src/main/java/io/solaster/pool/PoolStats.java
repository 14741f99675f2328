package io.solaster.pool;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

import io.solaster.config.Internal;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Histogram;

/** What a pool counts on one shard. Written by that shard, read by any thread; times in nanoseconds, as of the turn. */
public final class PoolStats {
    /** Connections that are open now, taken or not. */
    public final Counter open = new Counter();
    /** Connections that somebody has now. */
    public final Counter active = new Counter();
    /** Requests that wait for a connection now. */
    public final Counter pending = new Counter();
    /** Connects under way now. */
    public final Counter connecting = new Counter();
    /** The most connections that the shard may have. */
    public final Counter max = new Counter();
    /** Connections made, and ready for a first request. */
    public final Counter created = new Counter();
    /** Connects that failed. */
    public final Counter connectFailures = new Counter();
    /** Requests that got no connection in time. */
    public final Counter timeouts = new Counter();
    /** Requests that were refused since too many waited. */
    public final Counter refused = new Counter();
    /** Requests that were given up while they waited. */
    public final Counter cancelled = new Counter();
    /** Requests that ran with a connection of another shard. */
    public final Counter forwarded = new Counter();
    /** Connections that were out for longer than {@code leak-after}. */
    public final Counter leaks = new Counter();
    /** How long requests waited for a connection; 0 where one was ready. */
    public final Histogram acquire = new Histogram();
    /** How long connections were out; of a shared one, from its first request under way to its last. */
    public final Histogram usage = new Histogram();
    /** How long it took to make a connection, TLS and greeting and all. */
    public final Histogram creation = new Histogram();

    private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);

    /** Counts nothing yet; a pool makes them. */
    @Internal
    public PoolStats() {
        for (CloseReason reason : CloseReason.values()) {
            closed.put(reason, new Counter());
        }
    }

    /** Connections that nobody has now. */
    public long idle() {
        return Math.max(0, open.get() - active.get());
    }

    /** Connections closed so far, for this reason. */
    public long closed(CloseReason reason) {
        return counter(reason).get();
    }

    /** Counts a connection that has closed. On the shard that counts here. */
    @Internal
    public void close(CloseReason reason) {
        counter(reason).increment();
    }

    private Counter counter(CloseReason reason) {
        return Objects.requireNonNull(closed.get(reason));
    }
}
