package io.solaster.engine.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * Whose a connection is: what a trusted proxy in front has said, else where it comes from. A client over a Unix domain socket
 * is a process of this machine, and counts as one at 127.0.0.1, port 0. Any thread.
 */
public final class PeerAddress {
    private static final AttributeKey<InetSocketAddress> CLIENT = AttributeKey.valueOf(PeerAddress.class, "client");
    private static final InetSocketAddress OF_THIS_MACHINE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final InetSocketAddress GONE = new InetSocketAddress(0);

    private PeerAddress() {}

    /** The client's address; 0.0.0.0, port 0, if the connection has gone before anybody could ask. */
    public static InetSocketAddress remote(Channel channel) {
        InetSocketAddress network = network(channel);
        return network != null ? network : internet(channel.remoteAddress());
    }

    /** The client's address in a network; null if it has none, as over a Unix domain socket, or has gone. */
    public static @Nullable InetSocketAddress network(Channel channel) {
        InetSocketAddress told = channel.hasAttr(CLIENT) ? channel.attr(CLIENT).get() : null;
        return told != null ? told : channel.remoteAddress() instanceof InetSocketAddress internet ? internet : null;
    }

    /** Where the connection was accepted; 0.0.0.0, port 0, if it has gone before anybody could ask. */
    public static InetSocketAddress local(Channel channel) {
        return internet(channel.localAddress());
    }

    private static InetSocketAddress internet(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress internet ? internet : address == null ? GONE : OF_THIS_MACHINE;
    }

    /** A trusted proxy has said whose connection it is. */
    static void tell(Channel channel, InetSocketAddress client) {
        channel.attr(CLIENT).set(client);
    }
}
