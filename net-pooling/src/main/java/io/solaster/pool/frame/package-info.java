/** A client of frames with their length before them, over a pool. */
@NullMarked
package io.solaster.pool.frame;

import org.jspecify.annotations.NullMarked;
