/** The Redis-compatible store: keys and values off the heap, one part of them a shard. */
@NullMarked
package io.solaster.store;

import org.jspecify.annotations.NullMarked;
