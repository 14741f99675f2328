/**
 * What runs, held against the plan: what each pod reports of its shards, and how its requests go. Pods are asked on virtual
 * threads of the room's own; what they said may be read by any thread.
 */
@NullMarked
package io.solaster.operator.observe;

import org.jspecify.annotations.NullMarked;
