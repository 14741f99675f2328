/**
 * The objects that make a service run as planned, and how they get to the cluster. The rooms above call it on the threads
 * that reconcile, one at a time for each service.
 */
@NullMarked
package io.solaster.operator.apply;

import org.jspecify.annotations.NullMarked;
