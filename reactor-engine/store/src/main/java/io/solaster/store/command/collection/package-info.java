/**
 * The commands on hashes and sets: one static method each, which {@code CommandTable} names. On the shard that owns the
 * key.
 */
@Internal
@NullMarked
package io.solaster.store.command.collection;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
