/**
 * What is written on nodes, and which of them refuse pods. For the room above; any thread.
 */
@Internal
@NullMarked
package io.solaster.operator.reconcile.nodes;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
