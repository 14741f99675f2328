/**
 * What a store counts: written by one shard, read by any thread.
 */
@NullMarked
package io.solaster.store.stats;

import org.jspecify.annotations.NullMarked;
