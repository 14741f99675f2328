/**
 * The meters of engine, servers, store, pools and WebSockets, and their wiring. They read counters of the shards when a
 * registry is asked, on the thread that asks, and never wait for a shard but for 200 ms.
 */
@NullMarked
package io.solaster.boot.actuate.meters;

import org.jspecify.annotations.NullMarked;
