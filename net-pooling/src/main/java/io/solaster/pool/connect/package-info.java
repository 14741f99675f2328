/**
 * How a connection comes about: TCP by Happy Eyeballs, proxies, the PROXY protocol, encryption, and what an endpoint is
 * called in them. Applications and checks take a connector from {@code Connectors} on any thread; it works on the shard
 * that connects.
 */
@NullMarked
package io.solaster.pool.connect;

import org.jspecify.annotations.NullMarked;
