/**
 * Binds the servers of {@code solaster.servers} and {@code solaster.udp}, encrypts the former, drains them and binds them again.
 * Applications ask {@code ServerLifecycle} and {@code UdpLifecycle} for their servers; all else is for the starter. Any thread may call, but no shard.
 */
@NullMarked
package io.solaster.spring.server;

import org.jspecify.annotations.NullMarked;
