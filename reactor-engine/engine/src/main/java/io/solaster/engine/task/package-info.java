/** Scheduling groups: whose turn it is on a shard. */
@NullMarked
package io.solaster.engine.task;

import org.jspecify.annotations.NullMarked;
