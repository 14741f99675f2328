/**
 * {@code SORT}: the shard of the key copies its elements and sorts them, a piece in each turn; what patterns name is looked up
 * by all shards, each for its own keys. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.command.sort;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
