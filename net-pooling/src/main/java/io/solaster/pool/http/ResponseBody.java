package io.solaster.pool.http;

import java.util.ArrayDeque;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, piece by piece. The server is read from only as fast as this is. On the shard that asked.
 */
public final class ResponseBody implements AutoCloseable {
    private final Shard shard;
    private final Origin origin;
    private final ArrayDeque<byte[]> pieces = new ArrayDeque<>();
    private @Nullable ShardFuture<byte @Nullable []> reader;
    private @Nullable Throwable failure;
    private boolean ended;
    private boolean closed;

    ResponseBody(Shard shard, Origin origin) {
        this.shard = shard;
        this.origin = origin;
    }

    /**
     * The next piece, which is the caller's; null at the end. One at a time. Cancelling it closes the body, since a piece
     * may be lost with it.
     *
     * @return failed with {@link io.solaster.pool.PoolException} if the connection is lost before the end
     * @throws IllegalStateException if one is asked for already, or it is closed
     */
    public ShardFuture<byte @Nullable []> read() {
        if (closed || reader != null) {
            throw new IllegalStateException(closed ? "the body is closed" : "the body is being read already");
        }
        ShardFuture<byte @Nullable []> asked = shard.newFuture(this::gaveUp);
        byte[] piece = pieces.poll();
        if (piece != null) {
            asked.complete(piece);
        } else if (failure != null) {
            asked.completeExceptionally(failure);
        } else if (ended) {
            asked.complete(null);
        } else {
            reader = asked;
            origin.readMore();
        }
        return asked;
    }

    /** Reads no further; a connection of HTTP/1.1 with more to come is closed, a stream of HTTP/2 is reset. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            pieces.clear();
            if (!ended && failure == null) {
                origin.giveUpBody();
            }
        }
    }

    /** Whoever asked for a piece waits no more, on whatever thread that is; or the body has failed. */
    private void gaveUp() {
        shard.hereOrElse(this::close, () -> {});
    }

    boolean isWaiting() {
        return reader != null;
    }

    void add(byte[] piece) {
        ShardFuture<byte @Nullable []> waits = reader;
        if (closed) {
            return;
        }
        if (waits != null) {
            reader = null;
            waits.resolve(piece);
        } else {
            pieces.add(piece);
        }
    }

    void end() {
        ended = true;
        ShardFuture<byte @Nullable []> waits = reader;
        if (waits != null) {
            reader = null;
            waits.resolve(null);
        }
    }

    void fail(Throwable cause) {
        failure = cause;
        ShardFuture<byte @Nullable []> waits = reader;
        if (waits != null) {
            reader = null;
            waits.fail(cause);
        }
    }
}
