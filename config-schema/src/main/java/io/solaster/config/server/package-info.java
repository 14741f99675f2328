/**
 * One server, as it is configured below {@code solaster.servers.<name>}: its limits, and what HTTP and WebSocket add.
 * WebFlux on shards is configured by the same records. Every module may use them. Any thread.
 */
@NullMarked
package io.solaster.config.server;

import org.jspecify.annotations.NullMarked;
