/**
 * HTTP/1.0 and HTTP/1.1 on a connection, which also finds that a client speaks HTTP/2 and hands over to it. Called by
 * {@link io.solaster.http.server} alone, on the owning shard.
 */
@Internal
@NullMarked
package io.solaster.http.http1;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
