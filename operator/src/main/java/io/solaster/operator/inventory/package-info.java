/**
 * The objects that a cluster has, however they were read, and the machines, zones and requests that they tell of. Pure
 * code over what the other rooms hand in: any thread.
 */
@NullMarked
package io.solaster.operator.inventory;

import org.jspecify.annotations.NullMarked;
