/**
 * The load generator: requests that become due whether or not the server keeps up, on shards, and a report that counts each
 * from when it was due. {@link io.solaster.load.Load} begins it. Everything here is for threads that are no shards.
 */
@NullMarked
package io.solaster.load;

import org.jspecify.annotations.NullMarked;
