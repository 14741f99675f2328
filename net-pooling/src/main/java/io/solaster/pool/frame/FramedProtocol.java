package io.solaster.pool.frame;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.ToLongFunction;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * Frames with their length before them, big-endian: many requests under way on a connection, each answered by one frame.
 *
 * @param lengthBytes of the length: 1, 2, 3, 4 or 8
 * @param lengthIncluded whether the length counts its own bytes
 * @param maxFrame the largest frame in bytes, without its length, and no larger than that can say; a longer one closes
 *            the connection
 * @param maxRequests replies that nobody waits for any more, beyond which a connection counts as dead
 * @param id finds in a frame, its length left out, which request it answers; null where answers come in the order of the
 *            requests. It must leave the frame's indices alone
 */
public record FramedProtocol(int lengthBytes, boolean lengthIncluded, int maxFrame, int maxRequests,
        @Nullable ToLongFunction<ByteBuf> id) implements Protocol<FramedConnection> {

    public FramedProtocol {
        if (lengthBytes < 1 || lengthBytes > 8 || lengthBytes > 4 && lengthBytes < 8) {
            throw new IllegalArgumentException("lengthBytes: " + lengthBytes + "; give 1, 2, 3, 4 or 8");
        }
        if (maxFrame < 1 || maxFrame > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("maxFrame: " + maxFrame + "; give 1 or more");
        }
        if (lengthBytes < 4) {
            maxFrame = Math.min(maxFrame, (1 << 8 * lengthBytes) - 1 - (lengthIncluded ? lengthBytes : 0));
        }
    }

    /** Four bytes of length that do not count themselves, frames of up to 1 MiB, answers in order. */
    public static FramedProtocol defaults() {
        return new FramedProtocol(4, false, 1024 * 1024, 1024, null);
    }

    /** This with answers in any order, which say what they answer: the same number in a request and in its answer. */
    public FramedProtocol withIds(ToLongFunction<ByteBuf> newId) {
        return new FramedProtocol(lengthBytes, lengthIncluded, maxFrame, maxRequests, newId);
    }

    /** This with another limit on frames. */
    public FramedProtocol withMaxFrame(int newMaxFrame) {
        return new FramedProtocol(lengthBytes, lengthIncluded, newMaxFrame, maxRequests, id);
    }

    /** This with a length of so many bytes. */
    public FramedProtocol withLength(int newLengthBytes, boolean newLengthIncluded) {
        return new FramedProtocol(newLengthBytes, newLengthIncluded, maxFrame, maxRequests, id);
    }

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public CompletionStage<FramedConnection> open(Shard shard, Channel channel, Endpoint endpoint) {
        return CompletableFuture.completedStage(new FramedConnection(shard, channel, endpoint, this));
    }
}
