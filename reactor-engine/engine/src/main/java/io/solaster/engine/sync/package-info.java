/**
 * What tasks of one shard wait for each other with; nothing here is shared between shards. On the owning shard.
 *
 * <p>
 * Holds more than 20 files because each primitive is small and has its own errors.
 */
@NullMarked
package io.solaster.engine.sync;

import org.jspecify.annotations.NullMarked;
