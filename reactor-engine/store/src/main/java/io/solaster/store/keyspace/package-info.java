/**
 * One shard's keys and values, off the heap: {@link io.solaster.store.keyspace.Keyspace}, and the directory, segments,
 * entries and blocks that it is made of. It knows neither commands nor clients. On the owning shard. Holds more than 20 files because
 * the table, its entries, what removes them and who is told of their changes work on the same bytes.
 */
@NullMarked
package io.solaster.store.keyspace;

import org.jspecify.annotations.NullMarked;
