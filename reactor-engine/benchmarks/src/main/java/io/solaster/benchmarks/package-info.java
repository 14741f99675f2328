/** Benchmarks: JMH for the parts, and a plain server for the scripts that measure the whole beside its peers. */
@NullMarked
package io.solaster.benchmarks;

import org.jspecify.annotations.NullMarked;
