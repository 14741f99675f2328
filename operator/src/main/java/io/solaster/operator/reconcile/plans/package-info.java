/**
 * The plans of all services, made together, and what the load makes of them. For the room above; any thread.
 */
@Internal
@NullMarked
package io.solaster.operator.reconcile.plans;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
