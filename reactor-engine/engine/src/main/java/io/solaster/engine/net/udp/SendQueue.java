package io.solaster.engine.net.udp;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.netty.channel.unix.Socket;
import io.solaster.engine.net.udp.UdpStats.Drop;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits on one shard to be sent, with a bound. Datagrams of one length to one address that follow each other become one
 * request to the kernel, which cuts it up (GSO); where the kernel refuses that, they are sent one by one. On the owning shard.
 */
final class SendQueue {
    private static final Logger log = LoggerFactory.getLogger(SendQueue.class);
    /** What an IPv4 datagram carries. */
    static final int LONGEST = 65_507;
    /** The kernel's own limit; later ones take more. */
    static final int MOST_SEGMENTS = 64;
    /** Copied together: beyond what an Ethernet frame carries, the kernel would refuse the segments anyway. */
    private static final int LONGEST_GATHERED = 1_472;
    /** What Netty counts for one that waits, beside its bytes. */
    private static final int BOOKKEEPING = 96;
    private static final int EIO = 5;
    private static final int EINVAL = 22;
    private static final int EMSGSIZE = 90;
    /** So many refusals in a row are taken to hold for what comes. */
    private static final int MOST_REFUSALS = 8;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final DatagramChannel channel;
    private final UdpStats stats;
    private final String server;
    private final Owner owner;
    private final Outcome one;
    private long bound;
    private boolean gso;
    private int refusals;
    private @Nullable ByteBuf gathered;
    private @Nullable InetSocketAddress gatheredTo;
    private int segment;
    private int segments;
    /** Whether {@link #gathered} is a buffer of this, which has room; else it is what was given. */
    private boolean copied;

    /** Whom it tells. */
    interface Owner {
        /** The kernel has refused what was to be sent. */
        void notSent(Throwable why);

        /** Something is to be sent that nobody will flush. */
        void flushSoon();
    }

    SendQueue(DatagramChannel channel, String server, boolean gso, UdpStats stats, Owner owner) {
        this.channel = channel;
        this.server = server;
        this.gso = gso;
        this.stats = stats;
        this.owner = owner;
        this.one = new Outcome();
    }

    void bound(long bytes) {
        bound = bytes;
    }

    /** Takes over a datagram, to be sent with the next {@link #flush}; false if it was dropped, and counted. */
    boolean send(ByteBuf bytes, InetSocketAddress to) {
        int size = bytes.readableBytes();
        Drop refusal = refusal(size, size + BOOKKEEPING, to);
        if (refusal != null) {
            bytes.release();
            stats.counter(refusal).increment();
            return false;
        }
        if (size == 0) {
            bytes.release();
            return sendEmpty(to);
        }
        ByteBuf own = lasting(bytes);
        if (gso && size <= LONGEST_GATHERED) {
            gather(own, size, to);
        } else {
            writeGathered();
            write(own, to);
        }
        return true;
    }

    /**
     * Takes over bytes, to be sent as datagrams of one length, but for the last.
     *
     * @return how many of them were not dropped
     */
    int sendEach(ByteBuf bytes, int length, InetSocketAddress to) {
        int sent = 0;
        try {
            writeGathered();
            int most = Math.min(MOST_SEGMENTS, LONGEST / length);
            while (bytes.isReadable()) {
                int many = gso ? most : 1;
                int size = Math.min(bytes.readableBytes(), many * length);
                int count = (size + length - 1) / length;
                Drop refusal = refusal(Math.min(size, length), size + BOOKKEEPING, to);
                if (refusal != null) {
                    stats.counter(refusal).add(count);
                    bytes.skipBytes(size);
                    continue;
                }
                ByteBuf part = lasting(bytes.readRetainedSlice(size));
                if (count == 1) {
                    write(part, to);
                } else {
                    write(part, to, length, count);
                }
                sent += count;
            }
            return sent;
        } finally {
            bytes.release();
        }
    }

    /** Why it cannot be sent; null where it can. */
    private @Nullable Drop refusal(int size, int held, InetSocketAddress to) {
        if (size > LONGEST || to.getPort() == 0 || to.isUnresolved()) {
            return Drop.UNSENDABLE;
        }
        if (!channel.isActive()) {
            return Drop.CLOSED;
        }
        if (!hasRoom(held)) {
            // What the socket takes makes room.
            flush();
        }
        return hasRoom(held) ? null : Drop.SEND_QUEUE;
    }

    /** One alone is always taken, however long. */
    private boolean hasRoom(int more) {
        long held = held();
        return held == 0 || held + more <= bound;
    }

    private long held() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        ByteBuf last = gathered;
        return (waiting == null ? 0 : waiting.totalPendingWriteBytes())
                + (last == null ? 0 : last.readableBytes() + BOOKKEEPING);
    }

    /** What the socket does not take at once would hold a buffer of many datagrams for one of them. */
    private ByteBuf lasting(ByteBuf bytes) {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        if (waiting == null || waiting.size() == 0) {
            return bytes;
        }
        ByteBuf copy = channel.alloc().directBuffer(bytes.readableBytes()).writeBytes(bytes);
        bytes.release();
        return copy;
    }

    private void gather(ByteBuf bytes, int size, InetSocketAddress to) {
        ByteBuf before = gathered;
        if (before == null || size > segment || segments == MOST_SEGMENTS || !to.equals(gatheredTo)
                || before.readableBytes() + size > LONGEST) {
            writeGathered();
            gathered = bytes;
            gatheredTo = to;
            segment = size;
            segments = 1;
            return;
        }
        if (!copied) {
            ByteBuf room = channel.alloc().directBuffer(Math.min(MOST_SEGMENTS * segment, LONGEST));
            room.writeBytes(before);
            before.release();
            before = room;
            gathered = room;
            copied = true;
        }
        before.writeBytes(bytes);
        bytes.release();
        segments++;
        if (size < segment) {
            // None may follow a shorter one.
            writeGathered();
        }
    }

    private void writeGathered() {
        ByteBuf bytes = gathered;
        InetSocketAddress to = gatheredTo;
        if (bytes == null || to == null) {
            return;
        }
        int count = segments;
        gathered = null;
        gatheredTo = null;
        copied = false;
        if (count == 1) {
            write(bytes, to);
        } else {
            write(bytes, to, segment, count);
        }
    }

    private void write(ByteBuf bytes, InetSocketAddress to) {
        channel.unsafe().write(new DatagramPacket(bytes, to), one);
    }

    private void write(ByteBuf bytes, InetSocketAddress to, int length, int count) {
        channel.unsafe().write(new SegmentedDatagramPacket(bytes, length, to),
                new Run(bytes.retain(), to, length, count));
    }

    /** Netty drops those over nio and epoll, and over epoll loses count of what is sent with them. */
    private boolean sendEmpty(InetSocketAddress to) {
        try {
            if (channel instanceof EpollDatagramChannel epoll && epoll.fd() instanceof Socket socket) {
                if (!isFree()) {
                    return false;
                }
                socket.sendTo(NOTHING, 0, 0, to.getAddress(), to.getPort());
                stats.sent.increment();
            } else if (channel instanceof NioDatagramChannel && channel.unsafe() instanceof NioIoHandle nio
                    && nio.selectableChannel() instanceof java.nio.channels.DatagramChannel socket) {
                if (!isFree()) {
                    return false;
                }
                socket.send(NOTHING.duplicate(), to);
                stats.sent.increment();
            } else {
                writeGathered();
                write(channel.alloc().directBuffer(0), to);
            }
            return true;
        } catch (IOException | RuntimeException failure) {
            one.tryFailure(failure);
            return false;
        }
    }

    /** Gives the socket all that waits. If it does not take that, an empty datagram would be lost without a word: dropped. */
    private boolean isFree() {
        flush();
        if (isEmpty()) {
            return true;
        }
        stats.counter(Drop.SEND_QUEUE).increment();
        return false;
    }

    /** Gives the socket all that waits. */
    void flush() {
        writeGathered();
        if (isEmpty()) {
            return;
        }
        channel.unsafe().flush();
    }

    /** Whether nothing waits. */
    boolean isEmpty() {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return gathered == null && (waiting == null || waiting.totalPendingWriteBytes() == 0);
    }

    boolean isWritable() {
        return channel.isWritable();
    }

    /** The socket is closed: what it was not given is dropped. */
    void close() {
        ByteBuf last = gathered;
        if (last != null) {
            gathered = null;
            gatheredTo = null;
            copied = false;
            last.release();
            stats.counter(Drop.CLOSED).add(segments);
        }
    }

    private void failed(Throwable why, int count) {
        stats.counter(channel.isOpen() ? Drop.SEND_FAILED : Drop.CLOSED).add(count);
        if (channel.isOpen()) {
            owner.notSent(why);
        }
    }

    /** What becomes of each single datagram: it is counted, and there is nothing to remember. */
    private class Outcome extends DefaultChannelPromise {
        Outcome() {
            super(channel);
        }

        @Override
        public boolean trySuccess(@Nullable Void nothing) {
            stats.sent.increment();
            return true;
        }

        @Override
        public boolean tryFailure(Throwable why) {
            failed(why, 1);
            return true;
        }
    }

    /** What becomes of several that were sent as one. */
    private final class Run extends Outcome {
        private final ByteBuf bytes;
        private final InetSocketAddress to;
        private final int length;
        private final int count;

        /** @param bytes released when it has come to its end */
        Run(ByteBuf bytes, InetSocketAddress to, int length, int count) {
            this.bytes = bytes;
            this.to = to;
            this.length = length;
            this.count = count;
        }

        @Override
        public boolean trySuccess(@Nullable Void nothing) {
            refusals = 0;
            stats.sent.add(count);
            bytes.release();
            return true;
        }

        @Override
        public boolean tryFailure(Throwable why) {
            try {
                if (!channel.isOpen() || !isRefused(why)) {
                    failed(why, count);
                    return true;
                }
                ByteBuf rest = bytes.slice();
                while (rest.isReadable()) {
                    write(rest.readRetainedSlice(Math.min(length, rest.readableBytes())), to);
                }
                owner.flushSoon();
            } finally {
                bytes.release();
            }
            return true;
        }

        /** Whether the kernel has refused to cut it up: a device that cannot, or a way that takes no datagram so long. */
        private boolean isRefused(Throwable why) {
            int errno = why instanceof NativeIoException io ? -io.expectedErr() : 0;
            if (errno != EIO && errno != EINVAL && errno != EMSGSIZE) {
                return false;
            }
            if (gso && (errno == EIO || ++refusals >= MOST_REFUSALS)) {
                gso = false;
                log.warn("UDP server '{}' sends without GSO from now on, since the kernel refuses that: {}", server,
                        why.getMessage());
            }
            return true;
        }
    }
}
