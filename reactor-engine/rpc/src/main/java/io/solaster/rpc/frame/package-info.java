/**
 * The wire of lanes: a header of 24 bytes and a body, read where the received bytes lie, and written where they are sent from.
 * Knows bytes, and neither calls nor sockets. On the shard that owns the connection; all of it is for the other rooms of this
 * module.
 */
@Internal
@NullMarked
package io.solaster.rpc.frame;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
