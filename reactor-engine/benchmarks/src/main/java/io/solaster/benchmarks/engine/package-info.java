/**
 * The engine's parts, beside Netty and bare threads: JMH classes, and processes that are measured from outside. Started by
 * {@code engine.sh} and {@code jmh.sh}.
 */
@NullMarked
package io.solaster.benchmarks.engine;

import org.jspecify.annotations.NullMarked;
