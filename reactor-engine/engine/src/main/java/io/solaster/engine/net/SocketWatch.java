package io.solaster.engine.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;

/** Whether a socket has anything to send, and since when it is the same: of a client that does not read. On the owning shard. */
public final class SocketWatch {
    private long unsent;
    private long sent;
    private long takenAt;

    /** Bytes that a connection was given and the socket has not taken, since the client does not read. On the owning shard. */
    public static long unsent(Channel channel) {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        return waiting == null ? 0 : waiting.totalPendingWriteBytes();
    }

    /**
     * Looks.
     *
     * @param now the time in nanoseconds of the shard's timers
     * @param alsoUnsent what the socket has to send that Netty does not count
     * @param alsoSent what it has sent of that so far
     */
    public void observe(Channel channel, long now, long alsoUnsent, long alsoSent) {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        long bytes = (waiting == null ? 0 : waiting.totalPendingWriteBytes()) + alsoUnsent;
        long progress = (waiting == null ? 0 : waiting.currentProgress()) + alsoSent;
        if (bytes != unsent || progress != sent) {
            unsent = bytes;
            sent = progress;
            takenAt = now;
        }
    }

    /** Whether it had anything to send when it was looked at last. */
    public boolean isSending() {
        return unsent > 0;
    }

    /** When it has last taken something. */
    public long takenAt() {
        return takenAt;
    }
}
