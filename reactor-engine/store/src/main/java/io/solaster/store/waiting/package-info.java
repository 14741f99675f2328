/**
 * Who waits for keys of one shard to be there: queues by key, and in which order their waiters are told. On the owning shard
 * only. Uses the keyspace; used by {@code shard} and {@code server}.
 */
@Internal
@NullMarked
package io.solaster.store.waiting;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
