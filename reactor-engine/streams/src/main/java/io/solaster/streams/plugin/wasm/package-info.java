/** Plug-ins in WebAssembly, by Endive: verified, compiled and instantiated off the shards, called on them by the room above. */
@Internal
@NullMarked
package io.solaster.streams.plugin.wasm;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
