/** Wiring only: beans, and errors that say what to do. */
@NullMarked
package io.solaster.boot;

import org.jspecify.annotations.NullMarked;
