/** What virtual threads on a shard stand on in the JDK. Called by the engine's root alone. */
@Internal
@NullMarked
package io.solaster.engine.thread;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
