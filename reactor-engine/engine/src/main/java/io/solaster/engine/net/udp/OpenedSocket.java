package io.solaster.engine.net.udp;

import java.net.StandardSocketOptions;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.solaster.config.server.UdpConfig;

/**
 * A socket that is not bound yet, and what its transport and the kernel do for it.
 *
 * @param slot bytes into which one datagram is received, or those that the kernel has put together
 * @param slots how many are received at once
 * @param atOnce whether one system call does that
 * @param reused whether what is received is handed over before more is
 * @param late whether a pass over the socket may go on after what it has brought
 * @param gso whether several datagrams to one address are sent as one
 * @param means all that in words
 */
record OpenedSocket(DatagramChannel channel, int slot, int slots, boolean atOnce, boolean reused,
        boolean late, boolean gso, String means) {
    /** More than the kernel puts together. */
    private static final int GRO_SLOT = 64 << 10;
    /** Those beyond the first cost a request each that comes back with nothing, wherever less has come. */
    private static final int MOST_REQUESTS = 16;

    /**
     * Opens one.
     *
     * @throws ChannelException if there is none to be had, or it cannot be as it is configured
     */
    static OpenedSocket open(DatagramChannel channel, UdpConfig config) {
        try {
            return prepare(channel, config);
        } catch (RuntimeException e) {
            channel.unsafe().closeForcibly();
            throw e;
        }
    }

    private static OpenedSocket prepare(DatagramChannel channel, UdpConfig config) {
        if (config.receiveBuffer().bytes() > 0) {
            channel.config().setReceiveBufferSize(config.receiveBuffer().intBytes());
        }
        if (config.sendBuffer().bytes() > 0) {
            channel.config().setSendBufferSize(config.sendBuffer().intBytes());
        }
        // By one more, what is longer than may be is told from what just fits.
        int slot = config.maxDatagram().intBytes() + 1;
        int batch = config.batch();
        return switch (channel) {
            case EpollDatagramChannel epoll -> epoll(epoll, config, slot, batch);
            case IoUringDatagramChannel ring -> ring(ring, config, slot, Math.min(batch, MOST_REQUESTS));
            case DatagramChannel other -> new OpenedSocket(other, slot, 1, false, false, false, false,
                    "receives and sends one at a time, without GRO and GSO: not to be had here");
        };
    }

    /** With GRO one at a time: of several, Netty's native part does not say what was put together. */
    private static OpenedSocket epoll(EpollDatagramChannel channel, UdpConfig config, int slot, int batch) {
        String refusal = config.gro() ? takeGro(channel) : "as configured";
        boolean gro = refusal.isEmpty();
        boolean gso = config.gso() && EpollDatagramChannel.isSegmentedDatagramPacketSupported();
        int each = gro ? Math.max(slot, GRO_SLOT) : slot;
        int slots = gro ? 1 : batch;
        channel.config().setOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, each);
        return new OpenedSocket(channel, each, slots, slots > 1, true, false, gso, (gro
                ? "receives what the kernel has put together (recvmsg) with GRO"
                : "receives up to " + slots + " at once (" + (slots > 1 ? "recvmmsg" : "recvmsg") + ") without GRO: "
                        + refusal)
                + ", sends all that wait at once (sendmmsg)" + words(config, gso));
    }

    private static OpenedSocket ring(IoUringDatagramChannel channel, UdpConfig config, int slot, int batch) {
        boolean gso = config.gso() && IoUringDatagramChannel.isSegmentedDatagramPacketSupported();
        channel.config().setOption(IoUringChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, slot);
        return new OpenedSocket(channel, slot, batch, false, true, true, gso,
                "receives by up to " + batch
                        + " requests at once (no multishot: Netty has none for datagrams) without GRO: "
                        + (config.gro() ? "not over io_uring" : "as configured") + ", sends by a request each"
                        + words(config, gso));
    }

    private static String words(UdpConfig config, boolean gso) {
        return gso
                ? " with GSO"
                : " without GSO: " + (config.gso() ? "the kernel or Netty has none" : "as configured");
    }

    /** Why there is none; empty where there is. */
    private static String takeGro(EpollDatagramChannel channel) {
        try {
            channel.config().setOption(EpollChannelOption.UDP_GRO, true);
            return "";
        } catch (ChannelException refused) {
            Throwable cause = refused.getCause() == null ? refused : refused.getCause();
            return "the kernel refuses it (" + cause.getMessage() + ")";
        }
    }

    /** What the kernel says that it gives is twice that, but where the JDK asks. */
    static int given(DatagramChannel channel, int said) {
        return channel instanceof EpollDatagramChannel || channel instanceof IoUringDatagramChannel ? said / 2 : said;
    }

    /** Has others be bound to its port, or be bound beside them; tells whether that is to be had. */
    static boolean sharePort(DatagramChannel channel) {
        ChannelOption<Boolean> option = channel instanceof NioDatagramChannel
                ? NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT)
                : UnixChannelOption.SO_REUSEPORT;
        try {
            return channel.config().setOption(option, true);
        } catch (ChannelException | UnsupportedOperationException refused) {
            return false;
        }
    }
}
