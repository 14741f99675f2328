/**
 * What is said of services and profiles: conditions, statuses, events. Knows no plans but what they say. For the room
 * above and its neighbours; several services at once, each by one thread at a time.
 */
@Internal
@NullMarked
package io.solaster.operator.reconcile.status;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
