/** Keeps services as they are wanted: the operator as a process. */
@NullMarked
package io.solaster.operator.reconcile;

import org.jspecify.annotations.NullMarked;
