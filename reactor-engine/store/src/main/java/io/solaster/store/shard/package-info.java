/**
 * One shard's part of a store, and what a command sees there: the call, the client that it came from, the settings of the
 * server; and how a command takes several shards, as a transaction with locks. Commands and servers enter; it knows no command
 * by name. On the owning shard, unless a class says otherwise. Holds more than 20 files because a shard's part, its
 * locks, the transactions that take them and the calls that wait for them need each other.
 */
@Internal
@NullMarked
package io.solaster.store.shard;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
