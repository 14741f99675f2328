/**
 * The program {@code solaster-load}: its arguments, what it prints, and how it ends. Called on the main thread alone.
 */
@Internal
@NullMarked
package io.solaster.load.command;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
