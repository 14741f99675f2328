/** What is counted, each number by the one thread that writes it. */
@NullMarked
package io.solaster.engine.stats;

import org.jspecify.annotations.NullMarked;
