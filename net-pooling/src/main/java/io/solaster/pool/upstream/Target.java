package io.solaster.pool.upstream;

import io.solaster.pool.Endpoint;

/**
 * One endpoint as one shard sees it. It lives as long as the endpoint is a member of its upstream; one that leaves and
 * comes back is another target. On the owning shard only.
 */
public final class Target {
    private Endpoint endpoint;
    private int inFlight;

    Target(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    /** The endpoint, with the weight that it has now. */
    public Endpoint endpoint() {
        return endpoint;
    }

    void endpoint(Endpoint newEndpoint) {
        endpoint = newEndpoint;
    }

    /** Requests of this shard that are under way to it. */
    public int inFlight() {
        return inFlight;
    }

    /** Tells of a request that goes out. */
    public void begin() {
        inFlight++;
    }

    /**
     * Tells what came of a request that went out; once for each {@link #begin}.
     *
     * @param nanos how long it took
     */
    public void end(Outcome outcome, long nanos) {
        inFlight--;
    }

    @Override
    public String toString() {
        return endpoint.address();
    }
}
