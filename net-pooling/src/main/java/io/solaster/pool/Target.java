package io.solaster.pool;

import org.jspecify.annotations.Nullable;

/**
 * One endpoint as one shard sees it. It lives as long as the endpoint is a member of its upstream; one that leaves and
 * comes back is another target. On the owning shard only.
 */
public interface Target {

    /** The endpoint, with the weight that it has now. */
    Endpoint endpoint();

    /** How it stands with the whole process. */
    EndpointState state();

    /** Whether requests go there: neither the process nor this shard's circuit breaker has anything against it. */
    boolean isAvailable();

    /** Requests of this shard that are under way to it. */
    int inFlight();

    /** How long its answers take by now, in nanoseconds, as peak-ewma has it; 0 if there was none. */
    double latency();

    /** Tells of a request that goes out. */
    void begin();

    /**
     * Tells what came of a request that went out; once for each {@link #begin}.
     *
     * @param nanos how long it took, from its {@link #begin}
     */
    void end(Outcome outcome, long nanos);

    /**
     * Tells of a connect that failed: a request that nobody could send.
     *
     * @param nanos how long it took
     */
    void unreachable(Outcome outcome, long nanos);

    /** What {@link #attach} was given last. */
    @Nullable
    Object attachment();

    /** Keeps something for the one pool that stands on the upstream: it finds what it has of a target without a map. */
    void attach(@Nullable Object newAttachment);
}
