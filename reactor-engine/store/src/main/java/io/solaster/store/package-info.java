/**
 * The Redis-compatible store: keys and values off the heap, one part of them a shard. Applications see what is in here,
 * {@link io.solaster.store.keyspace.Keyspace} and {@link io.solaster.store.stats.StoreStats}; the other rooms are the
 * store's own: {@code server} serves clients by the {@code command}s, which work on a {@code shard}'s part of the store.
 */
@NullMarked
package io.solaster.store;

import org.jspecify.annotations.NullMarked;
