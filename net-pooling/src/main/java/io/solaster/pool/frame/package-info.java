/**
 * A client of frames with their length before them, over a pool. Any thread asks the client; a connection is its shard's.
 */
@NullMarked
package io.solaster.pool.frame;

import org.jspecify.annotations.NullMarked;
