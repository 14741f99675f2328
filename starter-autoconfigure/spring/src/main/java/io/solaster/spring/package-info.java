/**
 * What an application sees of Solaster inside Spring: the annotations of beans on shards, the engine for Reactor, the value of
 * a configuration that changes, and the seams where protocols and listeners are added. The machinery behind it is in the rooms
 * below, which this package does not use.
 */
@NullMarked
package io.solaster.spring;

import org.jspecify.annotations.NullMarked;
