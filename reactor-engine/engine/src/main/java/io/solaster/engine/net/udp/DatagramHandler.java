package io.solaster.engine.net.udp;

import java.io.IOException;
import java.net.InetSocketAddress;

import io.netty.buffer.ByteBuf;
import io.solaster.config.server.UdpConfig;
import io.solaster.engine.Shard;

/**
 * What a {@link UdpServer} does with datagrams: a protocol. One instance serves all shards; each method is called on the
 * shard whose endpoint it is given. What a method throws is logged now and then and counted, and ends nothing.
 */
public interface DatagramHandler {

    /**
     * A datagram has come, whole; it may be empty. Anybody may have sent it, and in anybody's name.
     *
     * @param bytes the handler's until it returns; retained, it may go to {@link UdpEndpoint#send}, but what is kept longer had
     *            better be copied, since it is a part of a large buffer
     * @param from its source; port 0 where the sender wants no answer
     */
    void received(UdpEndpoint endpoint, ByteBuf bytes, InetSocketAddress from);

    /** All that had come by now is handed over: for handlers that gather. What was sent since leaves after this. */
    default void receivedAll(UdpEndpoint endpoint) {}

    /** A shard's socket is bound. Before its first datagram. */
    default void opened(UdpEndpoint endpoint) {}

    /** More may be sent again, after {@link UdpEndpoint#isWritable} was false. */
    default void writable(UdpEndpoint endpoint) {}

    /**
     * The kernel has told of an error: a port that nobody listens on, a network that is not to be reached, a datagram that is
     * too long for the way. The socket goes on.
     */
    default void failed(UdpEndpoint endpoint, IOException why) {}

    /**
     * The server drains: what had come is handed over, and nothing more will come. The socket is closed once nothing waits to
     * be sent and every {@link UdpEndpoint#hold} is given back, or at the deadline.
     */
    default void draining(UdpEndpoint endpoint) {}

    /** A shard's socket is closed: what is sent from now on is dropped. */
    default void closed(UdpEndpoint endpoint) {}

    /**
     * Told of another configuration, whose limits hold from now on. On each shard.
     *
     * @param config what the server goes by now
     */
    default void reconfigured(Shard shard, UdpConfig config) {}
}
