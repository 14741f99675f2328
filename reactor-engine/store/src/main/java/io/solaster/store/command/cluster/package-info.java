/**
 * What clients of Redis Cluster ask: which node serves which slot, as {@link io.solaster.engine.Ownership} says. Entered by the
 * table of commands alone. On the shard of the client.
 */
@Internal
@NullMarked
package io.solaster.store.command.cluster;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
