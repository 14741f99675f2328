/**
 * Scripts in Lua: the sandbox, one state a shard that runs them, how values become replies and replies become values, and the
 * scripts that are remembered. {@link io.solaster.store.script.ScriptCommands} enters. On the owning shard, but for what says
 * otherwise. Holds more than 20 files because the libraries that scripts call, of JSON and the like, read and write values of
 * the state that runs them.
 */
@Internal
@NullMarked
package io.solaster.store.script;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
