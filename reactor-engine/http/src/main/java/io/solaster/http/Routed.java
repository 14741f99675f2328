package io.solaster.http;

/** A request that a {@link Router} can leave its match in. */
interface Routed {

    /** Cleared for each request; on the owning shard. */
    RouteMatch match();

    /** What its path is; on the owning shard. */
    Target parts();
}
