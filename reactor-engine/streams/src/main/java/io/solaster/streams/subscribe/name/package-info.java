/**
 * Names off the heap and by numbers, and filters of names by their tokens. What {@link io.solaster.streams.subscribe} finds subscribers by;
 * it knows none. On the owning shard.
 */
@NullMarked
package io.solaster.streams.subscribe.name;

import org.jspecify.annotations.NullMarked;
