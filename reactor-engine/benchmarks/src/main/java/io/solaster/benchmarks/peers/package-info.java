/** HTTP servers that serve the same routes, to be measured beside each other. */
@NullMarked
package io.solaster.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
