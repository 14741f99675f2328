/**
 * The command that takes Redis's files over into a server: {@code java -jar solaster-store.jar}. A program of its own, which
 * speaks RESP to the server as any client does. Called by nobody.
 */
@Internal
@NullMarked
package io.solaster.store.program;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
