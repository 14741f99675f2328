/**
 * Pools of client connections, one part on each shard, for protocols of every kind: what users and protocols see. A pool
 * is started and closed on any thread that is no shard; its connections are touched by their own shard alone. Requests with
 * retries, deadlines and hedges are in {@code request}, clients in {@code http}, {@code resp} and {@code frame}, endpoints in
 * {@code upstream} and {@code discovery}.
 */
@NullMarked
package io.solaster.pool;

import org.jspecify.annotations.NullMarked;
