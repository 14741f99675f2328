/**
 * What is looked at of one shard's commands beside running them: whether their client may run them, whether they are to wait, who
 * is told of them, which were slow. One {@link io.solaster.store.watch.ShardWatch} a shard. On the owning shard only.
 */
@Internal
@NullMarked
package io.solaster.store.watch;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
