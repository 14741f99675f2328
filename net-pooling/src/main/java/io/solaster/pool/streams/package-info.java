/**
 * Redis streams over the RESP client: publishers in batches, readers, and consumers of groups. Any thread begins and closes them;
 * each works on one shard, where handlers are called.
 */
@NullMarked
package io.solaster.pool.streams;

import org.jspecify.annotations.NullMarked;
