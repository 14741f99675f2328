package io.solaster.pool.request;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection that knows how it stands with its requests: whether it takes another, when it may close, and what those fail
 * with that get no answer. What the protocols of this module have in common. On the shard that owns it.
 */
public abstract class RequestConnection extends PooledConnection {
    /** Its owner. */
    protected final Shard shard;
    private final String address;
    private boolean open = true;
    private boolean closing;
    /** Whether a request was ever answered. */
    private boolean served;
    /** Whether anything has come since the connection was quiet. */
    private boolean heard;

    /** A connection over a channel that is connected. */
    protected RequestConnection(Shard shard, Channel channel, String address) {
        super(channel);
        this.shard = shard;
        this.address = address;
    }

    /** Whether no request is under way on it. */
    protected abstract boolean isQuiet();

    /** Of the other end, for messages. */
    protected final String address() {
        return address;
    }

    /** The shard's time, in nanoseconds. */
    protected final long now() {
        return shard.timers().now();
    }

    /** Whether it has not been lost. */
    protected final boolean isOpen() {
        return open;
    }

    /** Whether it takes nothing new. */
    protected final boolean isClosing() {
        return closing;
    }

    @Override
    public boolean isUsable() {
        return open && !closing;
    }

    @Override
    public final void drain() {
        closing = true;
        closeIfDrained();
    }

    /** To be called where a request has ended, since a drain may wait for that. */
    protected final void closeIfDrained() {
        if (closing && isQuiet()) {
            channel().close();
        }
    }

    /** Takes nothing new from now on, but lets what is under way finish. */
    protected final void takeNothingNew() {
        closing = true;
    }

    /** Closes now, whatever is under way. */
    protected final void closeNow() {
        closing = true;
        channel().close();
    }

    // ---- what a request that gets no answer fails with

    /** To be called where a request goes out, before it counts as under way. */
    protected final void sending() {
        heard &= !isQuiet();
    }

    /** To be called where bytes have come. */
    protected final void heard() {
        heard = true;
    }

    /** To be called where a request was answered. */
    protected final void served() {
        served = true;
    }

    /** To be called once the other end has gone. */
    protected final void gone() {
        open = false;
    }

    /** For a request that comes when it is gone. */
    protected final PoolException closed() {
        return new PoolException(Reason.CONNECT_FAILED, "connection to " + address + " is closed", null);
    }

    /**
     * For requests that were under way: stale where the connection had served before, and not a byte of their answers has
     * come.
     *
     * @param what has happened to it, such as "was lost"
     */
    protected final PoolException lost(String what, @Nullable Throwable cause) {
        String words = "connection to " + address + " " + what;
        return served && !heard
                ? PoolException.stale(words, cause)
                : new PoolException(Reason.CONNECTION_LOST, words, cause);
    }
}
