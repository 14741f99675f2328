/**
 * The engine: pinned shards, instances per shard, futures that come home, and a place for work that blocks. Applications
 * call what is public here from any thread, unless a method says otherwise; all else is for this package alone.
 *
 * <p>
 * Holds more than 20 files because engine, shard, calls and futures are one machine, whose inner parts no other package
 * may reach.
 */
@NullMarked
package io.solaster.engine;

import org.jspecify.annotations.NullMarked;
