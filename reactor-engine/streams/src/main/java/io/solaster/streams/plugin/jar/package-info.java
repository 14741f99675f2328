/** Plug-ins in Java, by PF4J: loaded off the shards, called on them by the room above. */
@Internal
@NullMarked
package io.solaster.streams.plugin.jar;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
