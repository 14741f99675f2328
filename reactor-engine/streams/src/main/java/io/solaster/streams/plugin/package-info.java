/**
 * Code that looks at messages, and changes while the process runs: {@link io.solaster.streams.plugin.Processor} and what it is
 * handed, {@link io.solaster.streams.plugin.Plugins} with the files and versions, and what topics call. What Java and
 * WebAssembly need, which are optional libraries, stands in the rooms {@code jar} and {@code wasm}. Messages on the shard that
 * has them, files off the shards.
 */
@NullMarked
package io.solaster.streams.plugin;

import org.jspecify.annotations.NullMarked;
