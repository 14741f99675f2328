/**
 * How a change of a service is put in force, and taken back where it falls short. Called on the threads that reconcile,
 * one at a time for each service.
 */
@NullMarked
package io.solaster.operator.rollout;

import org.jspecify.annotations.NullMarked;
