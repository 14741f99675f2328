/**
 * The command line: {@code plan} says what a cluster would run without touching it, {@code run} is the operator as a
 * process. Nothing calls this room but the JVM that starts it, on its main thread.
 */
@NullMarked
package io.solaster.operator.command;

import org.jspecify.annotations.NullMarked;
