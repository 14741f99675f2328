package io.solaster.engine.transport;

import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import org.jspecify.annotations.Nullable;

/**
 * The transport that an engine runs on, and why that one.
 *
 * @param kind never {@link Transport#AUTO}
 * @param reason a sentence: what was tried and what came of it
 * @param ioHandlers makes the I/O side of each shard
 * @param serverChannels makes listening sockets
 * @param clientChannels makes sockets that connect
 * @param datagramChannels makes UDP sockets
 * @param reusePort whether each shard has a listening socket of its own; else one shard accepts for all
 */
public record TransportChoice(Transport kind, String reason, IoHandlerFactory ioHandlers,
        Supplier<ServerChannel> serverChannels, Supplier<SocketChannel> clientChannels,
        Supplier<DatagramChannel> datagramChannels, boolean reusePort) {

    /**
     * The order in which {@link Transport#AUTO} tries: by CPU per operation, as {@code compare.sh --only cpu} measures it,
     * where epoll is level with io_uring or ahead, and more kernels allow it.
     */
    private static final List<Transport> ORDER = List.of(Transport.EPOLL, Transport.IO_URING, Transport.NIO);

    /**
     * Takes the transport that was asked for, or the first that works here.
     *
     * @throws InvalidConfigException if a certain one was asked for and is not to be had
     */
    public static TransportChoice choose(Transport asked) {
        return choose(asked, Map.of());
    }

    /**
     * As {@link #choose(Transport)}, but leaves out what was tried already.
     *
     * @param refused why each of them failed
     */
    public static TransportChoice choose(Transport asked, Map<Transport, String> refused) {
        if (asked != Transport.AUTO) {
            String refusal = refusal(asked);
            if (refusal != null) {
                throw new InvalidConfigException(List.of(new Violation("solaster.engine.transport", label(asked),
                        "'" + label(asked) + "' is not to be had here (" + refusal + ")",
                        "set 'auto', which takes the best that is")));
            }
            return of(asked, label(asked) + " as configured");
        }
        List<String> refusals = new ArrayList<>();
        for (Transport kind : ORDER) {
            String refusal = refused.containsKey(kind) ? refused.get(kind) : refusal(kind);
            if (refusal == null) {
                String why = refusals.isEmpty() ? "the first choice works here" : String.join("; ", refusals);
                return of(kind, label(kind) + ": " + why);
            }
            refusals.add(label(kind) + " is not to be had (" + refusal + ")");
        }
        throw new IllegalStateException("nio is always there");
    }

    /** Whether 'auto' had to pass its first choice over, where this is what was asked for. */
    public boolean isFallback(Transport asked) {
        return asked == Transport.AUTO && kind != ORDER.getFirst();
    }

    /** Makes a socket that listens on a Unix domain socket. */
    public ServerChannel unixServerChannel() {
        return switch (kind) {
            case IO_URING -> new IoUringServerDomainSocketChannel();
            case EPOLL -> new EpollServerDomainSocketChannel();
            case NIO, AUTO -> new NioServerDomainSocketChannel();
        };
    }

    /** Makes a socket that connects to a Unix domain socket. */
    public Channel unixClientChannel() {
        return switch (kind) {
            case IO_URING -> new IoUringDomainSocketChannel();
            case EPOLL -> new EpollDomainSocketChannel();
            case NIO, AUTO -> new NioDomainSocketChannel();
        };
    }

    /**
     * The address of a Unix domain socket, as this transport takes it.
     *
     * @param name an absolute path, or {@code @} and an abstract name
     * @throws IllegalArgumentException if it is an abstract name and the transport knows none
     */
    public SocketAddress unixAddress(String name) {
        boolean isAbstract = name.startsWith("@");
        if (kind != Transport.NIO) {
            return new DomainSocketAddress(isAbstract ? '\0' + name.substring(1) : name);
        }
        if (isAbstract) {
            throw new IllegalArgumentException(
                    "unix:" + name + " is an abstract name, and the JDK knows none: write a path,"
                            + " as unix:/run/app.sock, or set solaster.engine.transport to epoll or io_uring");
        }
        return UnixDomainSocketAddress.of(name);
    }

    /** The name as it is written in configuration. */
    public static String label(Transport kind) {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static @Nullable String refusal(Transport kind) {
        return switch (kind) {
            case IO_URING -> IoUring.isAvailable() ? null : cause(IoUring.unavailabilityCause());
            case EPOLL -> Epoll.isAvailable() ? null : cause(Epoll.unavailabilityCause());
            case NIO, AUTO -> null;
        };
    }

    private static String cause(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private static TransportChoice of(Transport kind, String reason) {
        return switch (kind) {
            case IO_URING -> new TransportChoice(kind, reason, IoUringIoHandler.newFactory(),
                    IoUringServerSocketChannel::new, IoUringSocketChannel::new, IoUringDatagramChannel::new,
                    true);
            case EPOLL -> new TransportChoice(kind, reason, EpollIoHandler.newFactory(),
                    EpollServerSocketChannel::new, EpollSocketChannel::new, EpollDatagramChannel::new, true);
            case NIO, AUTO -> new TransportChoice(Transport.NIO, reason, NioIoHandler.newFactory(),
                    NioServerSocketChannel::new, NioSocketChannel::new, NioDatagramChannel::new, false);
        };
    }
}
