/**
 * Subscriptions to names and patterns, and what is published to them, over all shards of an engine. The store's commands stand on
 * it; it knows no protocol. All calls on the shard whose part they concern.
 */
@NullMarked
package io.solaster.streams.subscribe;

import org.jspecify.annotations.NullMarked;
