/** The append log: what an append costs, and what one sync for many is worth. Started by {@code jmh.sh} and by hand. */
@NullMarked
package io.solaster.benchmarks.log;

import org.jspecify.annotations.NullMarked;
