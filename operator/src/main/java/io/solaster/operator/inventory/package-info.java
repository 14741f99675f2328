/** What a cluster has: nodes, their CPUs, and what is taken. */
@NullMarked
package io.solaster.operator.inventory;

import org.jspecify.annotations.NullMarked;
