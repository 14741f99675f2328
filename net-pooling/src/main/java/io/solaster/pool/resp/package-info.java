/**
 * A client of Redis over a pool. Any thread asks the client; a connection that work has alone is its shard's.
 */
@NullMarked
package io.solaster.pool.resp;

import org.jspecify.annotations.NullMarked;
