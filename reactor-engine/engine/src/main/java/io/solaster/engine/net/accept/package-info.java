/**
 * Which shard owns a new connection, and how many a client may have: what a server's listeners ask, and the policies that are
 * there. Users write an {@link io.solaster.engine.net.accept.AcceptPolicy} of their own; all else is for {@code engine.net}. On
 * the shard that accepts.
 */
@NullMarked
package io.solaster.engine.net.accept;

import org.jspecify.annotations.NullMarked;
