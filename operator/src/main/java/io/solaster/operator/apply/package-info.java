/** The objects that make a service run as planned, and how they get to the cluster. */
@NullMarked
package io.solaster.operator.apply;

import org.jspecify.annotations.NullMarked;
