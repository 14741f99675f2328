package io.solaster.pool.upstream;

import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint as one shard sees it. It lives as long as the endpoint is a member of its upstream; one that leaves and
 * comes back is another target. On the owning shard only.
 */
public final class Target {
    private Endpoint endpoint;
    private int inFlight;
    private @Nullable Object attachment;

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

    /** What {@link #attach} was given last. */
    public @Nullable Object attachment() {
        return attachment;
    }

    /** Keeps something for the one pool that stands on the upstream: it finds what it has of a target without a map. */
    public void attach(@Nullable Object newAttachment) {
        attachment = newAttachment;
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
