package io.solaster.pool.frame;

import java.util.List;

import io.netty.buffer.Unpooled;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.Request;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.request.Requester;

/** Sends frames over a pool, each for one frame in answer. Any thread. */
public final class FramedClient {
    private final Requester<FramedConnection> requester;
    private final FramedProtocol protocol;

    private FramedClient(Requester<FramedConnection> requester, FramedProtocol protocol) {
        this.requester = requester;
        this.protocol = protocol;
    }

    /**
     * Over a pool. Not on a shard.
     *
     * @param protocol what the pool was started with
     */
    public static FramedClient over(Engine engine, ConnectionPool<FramedConnection> pool, FramedProtocol protocol) {
        return new FramedClient(Requester.over(engine, pool), protocol);
    }

    /** What it sends through. */
    public ConnectionPool<FramedConnection> pool() {
        return requester.pool();
    }

    /** What each shard counts of its requests. */
    public List<RequestStats> stats() {
        return requester.stats();
    }

    /**
     * Sends a frame that may be acted upon twice, so that it is tried again where it may have arrived.
     *
     * @param frame without its length; it must not change until the answer is there
     * @return the answer without its length, on the shard that asked
     * @throws IllegalArgumentException if it is longer than it may be
     */
    public ShardFuture<byte[]> callIdempotent(byte[] frame) {
        return requester.call(0, request(frame, true));
    }

    /** As {@link #callIdempotent}, for a frame that may be acted upon once. */
    public ShardFuture<byte[]> call(byte[] frame) {
        return requester.call(0, request(frame, false));
    }

    /**
     * As {@link #call(byte[])}, for balancing that goes by keys.
     *
     * @param key of the request
     */
    public ShardFuture<byte[]> call(long key, byte[] frame, boolean idempotent) {
        return requester.call(key, request(frame, idempotent));
    }

    private FrameRequest request(byte[] frame, boolean idempotent) {
        if (frame.length > protocol.maxFrame()) {
            throw new IllegalArgumentException("a frame of " + frame.length + " bytes; at most "
                    + protocol.maxFrame() + " are allowed");
        }
        var id = protocol.id();
        return new FrameRequest(frame, id == null ? 0 : id.applyAsLong(Unpooled.wrappedBuffer(frame)), idempotent);
    }

    /** @param id what its answer says that it answers */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record FrameRequest(byte[] frame, long id, boolean idempotent) implements Request<FramedConnection, byte[]> {

        @Override
        public void send(FramedConnection connection, Attempt<byte[]> attempt) {
            connection.send(frame, id, attempt);
        }

        @Override
        public void giveUp(FramedConnection connection, Attempt<byte[]> attempt) {
            connection.gaveUp();
        }

        @Override
        public boolean isIdempotent() {
            return idempotent;
        }

        @Override
        public String toString() {
            return "frame of " + frame.length + " bytes";
        }
    }
}
