/** Time that belongs to a shard. */
@NullMarked
package io.solaster.engine.timer;

import org.jspecify.annotations.NullMarked;
