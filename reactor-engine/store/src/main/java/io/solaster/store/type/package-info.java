/**
 * What values of the collection types are made of: {@link io.solaster.store.type.Packed} for small ones, nodes in
 * {@link io.solaster.engine.memory.Slabs} for large ones. By address; this room knows neither keys nor commands. On the
 * owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.type;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
