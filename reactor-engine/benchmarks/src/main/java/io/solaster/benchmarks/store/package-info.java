/**
 * The Redis-compatible server beside Redis, and its parts with JMH. Started by {@code compare.sh} and {@code jmh.sh}. Holds more
 * than 20 files because each measure is a class of its own.
 */
@NullMarked
package io.solaster.benchmarks.store;

import org.jspecify.annotations.NullMarked;
