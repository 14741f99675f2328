/**
 * A turn of a shard, and how the shard goes to sleep: free of sockets, and with its clock and what drives it from
 * outside. Called by the shard, on its thread.
 */
@Internal
@NullMarked
package io.solaster.engine.loop;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
