/**
 * The algorithms that choose an endpoint, one a file. {@code upstream} calls them, on the shard that asks; tables of hashes
 * are made by whichever shard keeps the books, and read by all.
 */
@NullMarked
package io.solaster.pool.balance;

import org.jspecify.annotations.NullMarked;
