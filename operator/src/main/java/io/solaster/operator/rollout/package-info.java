/** How a change of a service is put in force, and taken back where it falls short. */
@NullMarked
package io.solaster.operator.rollout;

import org.jspecify.annotations.NullMarked;
