/**
 * Lists, sets, sorted sets and hashes as values of keys, small and large alike. It knows keyspaces and what their values
 * are made of, but no commands. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.collection;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
