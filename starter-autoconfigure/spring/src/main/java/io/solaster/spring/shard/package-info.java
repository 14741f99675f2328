/**
 * Finds {@code @ShardScope}, {@code @OnShard} and {@code @ShardScheduled}, makes the beans on their shards, routes calls and runs
 * methods there. Used by the starter's wiring and by no application, whose annotations are in {@link io.solaster.spring}. What
 * runs on which thread stands with each class.
 */
@NullMarked
package io.solaster.spring.shard;

import org.jspecify.annotations.NullMarked;
