/**
 * What keeps a store over a restart: the journal of each shard's changes in its append log, snapshots of its keys, and how both
 * are read again. Called by the rooms above it, on the shard that owns the keys unless it says otherwise. Holds more than 20
 * files because what a journal, a snapshot and a start write and read is one format.
 */
@Internal
@NullMarked
package io.solaster.store.persist;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
