/**
 * The engine's parts, beside Netty and bare threads: JMH classes, and processes that are measured from outside. Started by
 * {@code engine.sh} and {@code jmh.sh}. Holds more than 20 files because each part of the engine is measured by a class of its
 * own.
 */
@NullMarked
package io.solaster.benchmarks.engine;

import org.jspecify.annotations.NullMarked;
