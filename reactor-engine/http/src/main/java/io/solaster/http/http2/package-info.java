/**
 * HTTP/2 on a connection: the session, its streams, and what keeps a client from asking for more than it may. Called by
 * {@link io.solaster.http.http1}, which finds out what the client speaks, on the owning shard.
 */
@Internal
@NullMarked
package io.solaster.http.http2;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
