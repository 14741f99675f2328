/**
 * Commands that publish messages, and those that subscribe to them. They enter by {@link io.solaster.store.command.CommandTable};
 * what they stand on is {@link io.solaster.streams.subscribe}. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.command.pubsub;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
