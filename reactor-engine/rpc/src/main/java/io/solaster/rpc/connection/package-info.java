/**
 * What both sides of a connection have in common: bytes come in and are cut into frames, frames gather until the turn ends and leave
 * in one write, a peer that is silent or does not read is let go. Knows no methods. On the shard that owns the connection; all of it
 * is for the other rooms of this module.
 */
@Internal
@NullMarked
package io.solaster.rpc.connection;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
