/**
 * Subscriptions to names and patterns, and what is published to them, over all shards of an engine. The store's commands stand on
 * it; it knows no protocol. All calls on the shard whose part they concern.
 *
 * <p>
 * Holds more than 20 files because names, those who have them, what is sent to whom and how it waits are tables of one shard's part, which
 * others are not to see.
 */
@NullMarked
package io.solaster.streams.subscribe;

import org.jspecify.annotations.NullMarked;
