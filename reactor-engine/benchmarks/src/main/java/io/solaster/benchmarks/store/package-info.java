/**
 * The Redis-compatible server beside Redis, and its parts with JMH. Started by {@code compare.sh} and {@code jmh.sh}.
 */
@NullMarked
package io.solaster.benchmarks.store;

import org.jspecify.annotations.NullMarked;
