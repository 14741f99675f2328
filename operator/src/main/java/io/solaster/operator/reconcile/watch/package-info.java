/**
 * What there is in a cluster, as the informers have it: nodes, pods, profiles, what tells of NUMA nodes, and whose a pod is.
 * For the room above and its neighbours; any thread looks, the informers' own threads tell.
 */
@Internal
@NullMarked
package io.solaster.operator.reconcile.watch;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
