/** The engine: pinned shards, instances per shard, futures that come home, and a place for work that blocks. */
@NullMarked
package io.solaster.engine;

import org.jspecify.annotations.NullMarked;
