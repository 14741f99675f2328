/**
 * Servers of datagrams: a socket on every shard, received and sent in batches, with limits for each source and bounds for
 * what waits. {@link io.solaster.engine.net.udp.UdpServer} binds one on any thread; what a
 * {@link io.solaster.engine.net.udp.DatagramHandler} is given belongs to one shard.
 */
@NullMarked
package io.solaster.engine.net.udp;

import org.jspecify.annotations.NullMarked;
