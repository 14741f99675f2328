package io.solaster.http.wire;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;

/**
 * For how long a client may still fall behind in reading: as {@link BodyTime} has it of a body that is sent, of what is to
 * be read. On the owning shard.
 */
public final class ReadRate {
    private final BodyTime patience = new BodyTime();
    private boolean runs;
    private long taken;
    private long files;

    /**
     * Looks how much the client has read.
     *
     * @param handedOver bytes that the socket was given so far
     * @param fileParts parts of files that it has sent so far, of which each counts as a beginning
     * @param sending whether it has anything to send
     */
    public void observe(Channel channel, long now, HttpLimits limits, long handedOver, long fileParts,
            boolean sending) {
        ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
        long unsent = waiting == null ? 0 : waiting.totalPendingWriteBytes() - waiting.currentProgress();
        long before = taken;
        taken = handedOver - unsent;
        if (!sending) {
            runs = false;
            return;
        }
        if (!runs || files != fileParts) {
            runs = true;
            files = fileParts;
            patience.begin(limits);
            patience.run(true, now);
        } else if (taken > before) {
            patience.received((int) Math.min(Integer.MAX_VALUE, taken - before), now, limits);
        }
    }

    /** By when the client has to read something. */
    public long deadline() {
        return patience.deadline();
    }

    public boolean isOver(long now) {
        return patience.isOver(now);
    }
}
