/**
 * Pools of client connections, one part on each shard, for protocols of every kind, and the endpoints behind them: what
 * users and protocols see. It stands on no other package of this module; each of those may use it. Pools and upstreams are
 * started and closed on any thread that is no shard; connections and targets are touched by their own shard alone.
 *
 * <p>
 * What starts them is in {@code upstream}, {@code connect} and {@code core}; requests with retries, deadlines and hedges in
 * {@code request}; clients in {@code http}, {@code resp} and {@code frame}; what finds endpoints in {@code discovery}.
 */
@NullMarked
package io.solaster.pool;

import org.jspecify.annotations.NullMarked;
