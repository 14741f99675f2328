/**
 * The commands on lists, sets, sorted sets and hashes: one static method each, which {@code CommandTable} names. On the
 * shard that owns the key.
 */
@Internal
@NullMarked
package io.solaster.store.command.collection;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
