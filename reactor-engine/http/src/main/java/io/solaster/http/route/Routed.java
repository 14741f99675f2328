package io.solaster.http.route;

import io.solaster.config.Internal;

/** A request that a {@link Router} can leave its match in. */
@Internal
public interface Routed {

    /** Cleared for each request; on the owning shard. */
    RouteMatch match();

    /** What its path is; on the owning shard. */
    Target parts();

    /** Whether its client has announced a body; on the owning shard. */
    boolean hasBody();
}
