/**
 * What is counted, each number by the one thread that writes it; any thread reads.
 *
 * <p>
 * Holds more than 20 files because what a stall is seen by, its stack, the collector and the hypervisor, is told beside
 * the counters.
 */
@NullMarked
package io.solaster.engine.stats;

import org.jspecify.annotations.NullMarked;
