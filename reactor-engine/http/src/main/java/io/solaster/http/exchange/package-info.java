/**
 * A request, its response and their bodies, whichever protocol carries them, and what the connections of one server have in
 * common on one shard. The protocols put exchanges together and are seen from here as a
 * {@link io.solaster.http.exchange.Carrier}. On the owning shard, but for what the public interfaces of request and
 * response allow elsewhere.
 *
 * <p>
 * Holds more than 20 files because an exchange is one object in parts that see into each other: its request, its response,
 * their bodies, and what a shard keeps for all of them.
 */
@Internal
@NullMarked
package io.solaster.http.exchange;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
