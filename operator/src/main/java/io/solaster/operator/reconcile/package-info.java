/**
 * Keeps services as they are wanted: the operator as a process, and what one look at a service does. What is watched, planned,
 * said and written on nodes has a room of its own below. Only the process itself is for the command line. Looks at a
 * service run on the operator SDK's threads, one at a time for each service; timers only ask for looks.
 */
@NullMarked
package io.solaster.operator.reconcile;

import org.jspecify.annotations.NullMarked;
