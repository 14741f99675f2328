/**
 * One shard's part of a store, and what a command sees there: the call, the client that it came from, the settings of the
 * server. Commands and servers enter; it knows no command by name. On the owning shard, unless a class says otherwise.
 */
@Internal
@NullMarked
package io.solaster.store.shard;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
