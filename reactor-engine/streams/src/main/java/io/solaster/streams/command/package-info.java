/** The command that prints, checks and repairs topics: {@code java -jar solaster-streams.jar}. Called by nobody. */
@Internal
@NullMarked
package io.solaster.streams.command;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
