/**
 * What a pool is made of: each shard's connections, who waits for one, and what shards lend each other within the budget
 * of the process. Applications come in by {@code ConnectionPools} alone, on any thread that is no shard. All of the rest is
 * on the shard that it belongs to, but for what a class says itself.
 *
 * <p>
 * Holds more than 20 files because each concern of one shard's pool, such as ages or permits, is a class of its own.
 */
@NullMarked
package io.solaster.pool.core;

import org.jspecify.annotations.NullMarked;
