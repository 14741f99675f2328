package io.solaster.engine.net;

import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;

import io.netty.channel.ChannelException;
import io.solaster.config.Internal;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.UdpConfig;

/** Says why a server cannot listen, and what to do about it. Any thread. */
@Internal
public final class BindFailure {
    private static final String ANOTHER = "another";

    private BindFailure() {}

    /** A reason, and a fix. */
    private record Why(String reason, String fix) {}

    /**
     * In words.
     *
     * @param config as the server is to be bound
     * @param port that it was about to bind
     * @param shard whose own port that is; -1 where it is the server's
     * @param resolved whether its host is an address
     */
    static BindException of(String server, ServerConfig config, int port, int shard, boolean resolved,
            Throwable cause) {
        String key = "solaster.servers." + server;
        String portKey = key + (shard < 0 ? ".port" : ".shard-ports");
        Why why = config.isUnix()
                ? ofUnix(key, cause)
                : port > 65_535
                        ? new Why("there is no such port",
                                "set " + portKey + " to a first port that leaves one for each shard")
                        : of(key, portKey, shard < 0 ? ANOTHER : "a first port whose row is free",
                                "ss -ltnp 'sport = :" + port + "'", resolved, cause);
        String where = config.isUnix() ? config.where() : config.withPort(port).where();
        return new BindException("server", server, shard < 0 ? where : where + ", the port of shard " + shard,
                why.reason, why.fix, shard >= 0, cause);
    }

    /** In words, of a server of datagrams. */
    public static BindException ofDatagrams(String server, UdpConfig config, InetSocketAddress address,
            Throwable failure) {
        String key = "solaster.udp." + server;
        // A channel that cannot be opened at all says so in an exception of its own.
        Throwable cause = failure instanceof ChannelException && failure.getCause() != null
                ? failure.getCause()
                : failure;
        Why why = of(key, key + ".port", ANOTHER, "ss -lunp 'sport = :" + config.port() + "'",
                !address.isUnresolved(), cause);
        return new BindException("UDP server", server, config.where(), why.reason, why.fix, false, cause);
    }

    private static Why ofUnix(String key, Throwable cause) {
        return new Why(
                Errno.of(cause) == Errno.EADDRINUSE
                        ? "another server listens there"
                        : String.valueOf(cause.getMessage()),
                cause instanceof UnixSocket.Refused refused
                        ? refused.fix().replace(" .host", " " + key + ".host")
                        : "set " + key + ".host to a path where it may make a socket");
    }

    /**
     * Of an address and a port.
     *
     * @param another what the port could be set to
     * @param lister the command that shows who has it
     */
    private static Why of(String key, String portKey, String another, String lister, boolean resolved,
            Throwable cause) {
        if (cause instanceof UnresolvedAddressException || !resolved) {
            return new Why("no such host", "set " + key + ".host to an address of this machine, or 0.0.0.0 for all");
        }
        return switch (Errno.of(cause)) {
            case Errno.EADDRINUSE -> new Why("the port is in use",
                    "stop what listens there (" + lister + "), or set " + portKey + " to " + another);
            case Errno.EACCES -> new Why("no permission",
                    "set " + portKey + " to 1024 or above, or grant CAP_NET_BIND_SERVICE");
            case Errno.EADDRNOTAVAIL -> new Why("the address is not one of this machine",
                    "set " + key + ".host to an address of this machine, or 0.0.0.0 for all");
            case Errno.EMFILE -> new Why("too many open files", "raise the limit on open files (ulimit -n)");
            default -> new Why(String.valueOf(cause.getMessage()),
                    "set " + key + ".host and .port to where it may listen");
        };
    }
}
