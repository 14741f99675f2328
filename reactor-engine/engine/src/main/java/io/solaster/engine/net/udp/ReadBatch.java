package io.solaster.engine.net.udp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.ReusedBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Into what datagrams are received, and how many before others have their turn. Where several are received at once, they
 * share one buffer, each with a slot of its own, and the buffer is used again once all of them are done with. On the owning
 * shard.
 */
@SuppressWarnings("deprecation") // Netty's own types for it
final class ReadBatch implements RecvByteBufAllocator, RecvByteBufAllocator.ExtendedHandle {
    private final Channel channel;
    private final int slot;
    private final int slots;
    private final @Nullable ReusedBuffer buffer;
    /** Whether a pass is one system call, which tells how many slots it has filled. */
    private final boolean atOnce;
    private final Runnable between;
    private int perTurn;
    private int received;
    private int attempted;
    private int last;

    /**
     * For a channel that is not registered yet.
     *
     * @param slot bytes for one datagram, or for those that the kernel has put together
     * @param slots how many slots a pass has
     * @param atOnce whether one system call fills them; else each is a request of its own
     * @param reused whether what is received is handed over before more is
     * @param between called between two such passes
     */
    ReadBatch(Channel channel, int slot, int slots, boolean atOnce, boolean reused, Runnable between) {
        this.channel = channel;
        this.slot = slot;
        this.slots = slots;
        this.atOnce = atOnce;
        this.between = between;
        this.buffer = !reused ? null : new ReusedBuffer(channel.alloc(), slot * slots);
    }

    /** How many datagrams are received before others have their turn; a pass that is under way ends. */
    void perTurn(int newPerTurn) {
        perTurn = newPerTurn;
    }

    /** Datagrams received since the last turn began. */
    int received() {
        return received;
    }

    void close() {
        if (buffer != null) {
            buffer.close();
        }
    }

    @Override
    public Handle newHandle() {
        return this;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
        if (buffer == null) {
            return allocator.ioBuffer(slot);
        }
        return buffer.take();
    }

    @Override
    public int guess() {
        return slot * slots;
    }

    @Override
    public void reset(ChannelConfig config) {
        received = 0;
    }

    /** Told of the datagrams that the last pass has brought; those that the kernel had put together count each. */
    @Override
    public void incMessagesRead(int count) {
        received += count;
    }

    @Override
    public void lastBytesRead(int bytes) {
        last = bytes;
    }

    @Override
    public int lastBytesRead() {
        return last;
    }

    @Override
    public void attemptedBytesRead(int bytes) {
        attempted = bytes;
    }

    @Override
    public int attemptedBytesRead() {
        return attempted;
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier mayBeMore) {
        // A pass that had room left has emptied the socket, and what comes now wakes the loop again.
        if (received >= perTurn || !channel.config().isAutoRead() || atOnce && last < attempted
                || !mayBeMore.get()) {
            return false;
        }
        between.run();
        return !Shard.needPreempt();
    }

    @Override
    public boolean continueReading() {
        return continueReading(UncheckedBooleanSupplier.TRUE_SUPPLIER);
    }

    @Override
    public void readComplete() {
        // The endpoint hears of it by itself.
    }
}
