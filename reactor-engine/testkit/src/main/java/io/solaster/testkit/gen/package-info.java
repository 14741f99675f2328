/**
 * Tests of what must always hold: values and sequences of commands are drawn from a seed, and what fails is made small.
 * Tests call all of it; a {@link io.solaster.testkit.gen.Draw} is for one thread at a time.
 *
 * <p>
 * Shrinking works on the choices that led to a value and not on the value (D. MacIver and A. Donaldson, "Test-Case Reduction
 * via Test-Case Generation", 2020): whatever a test draws, and however, is shrunk without a word by its writer, and what
 * comes of it could have been drawn too.
 *
 * <p>
 * Why not a library: jqwik is maintained only, stands on version 1 of the JUnit platform, and is an engine beside Jupiter, so
 * that a property can be no part of a simulation that runs by a seed of ours. QuickTheories and junit-quickcheck have rested
 * for years.
 */
@NullMarked
package io.solaster.testkit.gen;

import org.jspecify.annotations.NullMarked;
