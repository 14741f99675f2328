/**
 * The meters of engine, servers, store, pools and WebSockets, and their wiring. They read counters of the shards when a
 * registry is asked, on the thread that asks, and never wait for a shard but for 200 ms. Holds more
 * than 20 files because each part that is metered has a class of its own.
 */
@NullMarked
package io.solaster.boot.actuate.meters;

import org.jspecify.annotations.NullMarked;
