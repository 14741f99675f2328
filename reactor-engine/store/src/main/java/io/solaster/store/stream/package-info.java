/**
 * Streams as values of keys: entries in blocks, an index of the blocks by id, groups, consumers and what is pending, all in
 * nodes of {@link io.solaster.engine.memory.Slabs}; no object a stream, group or entry. It knows keyspaces, but no commands. On the
 * owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.stream;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
