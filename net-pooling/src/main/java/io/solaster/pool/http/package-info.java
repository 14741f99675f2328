/**
 * A client of HTTP over a pool. Any thread asks the client; connections, bodies and their sources are on the shard that
 * sends.
 */
@NullMarked
package io.solaster.pool.http;

import org.jspecify.annotations.NullMarked;
