/**
 * Chooses who answers a request: {@link io.solaster.http.route.Router}, which applications build once and any thread may
 * build. The rest is its machinery, called on the shard that owns the request.
 */
@NullMarked
package io.solaster.http.route;

import org.jspecify.annotations.NullMarked;
