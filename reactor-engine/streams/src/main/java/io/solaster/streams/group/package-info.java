/** Who takes the entries of a topic's group on each shard: members, and what is under way to them. All calls on that shard. */
@Internal
@NullMarked
package io.solaster.streams.group;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
