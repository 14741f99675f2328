/**
 * Faults on real sockets, on the loopback interface: what networks and sick servers do, drawn from a seed where chance is
 * wanted. Tests call it, from any thread.
 */
@NullMarked
package io.solaster.testkit.chaos;

import org.jspecify.annotations.NullMarked;
