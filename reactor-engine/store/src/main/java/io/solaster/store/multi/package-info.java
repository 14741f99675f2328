/**
 * Several commands as one step: lists of commands with their arguments, and how they are run under keys that are held for all
 * of them, which is what EXEC, and a script over several shards, stand on. Servers and scripts enter. On the shard of the
 * client, unless a class says otherwise.
 */
@Internal
@NullMarked
package io.solaster.store.multi;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
