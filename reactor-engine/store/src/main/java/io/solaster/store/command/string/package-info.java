/**
 * Commands on several strings at once: bits, the longest common subsequence, HyperLogLog. Where their keys lie on several
 * shards, they run as {@link io.solaster.store.shard.Spread} says. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.command.string;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
