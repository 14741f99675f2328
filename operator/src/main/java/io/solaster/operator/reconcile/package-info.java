/**
 * Keeps services as they are wanted: the operator as a process. Holds more than 20 files because all of them are parts of
 * one reconciliation and share what informers have; only the process itself is for the command line. Looks at a service
 * run on the operator SDK's threads, one at a time for each service; timers only ask for looks.
 */
@NullMarked
package io.solaster.operator.reconcile;

import org.jspecify.annotations.NullMarked;
