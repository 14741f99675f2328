/**
 * Scripts in Lua: the sandbox, one state a shard that runs them, how values become replies and replies become values, and the
 * scripts that are remembered. {@link io.solaster.store.script.ScriptCommands} enters. On the owning shard, but for what says
 * otherwise.
 */
@Internal
@NullMarked
package io.solaster.store.script;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
