/** The command that prints, checks and repairs logs: {@code java -jar solaster-log.jar}. Called by {@link io.solaster.log.LogProgram} alone. */
@Internal
@NullMarked
package io.solaster.log.command;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
