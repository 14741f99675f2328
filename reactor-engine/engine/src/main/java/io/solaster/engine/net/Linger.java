package io.solaster.engine.net;

import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.solaster.engine.timer.Timers;

/**
 * The polite end of a connection. Closing it with bytes unread would reset it, and destroy what the client has not read
 * yet: so what that still sends is read, to be dropped by whoever reads, until it closes, too, or its time is up. On the
 * owning shard.
 */
public final class Linger {
    /** How long a client has to close after our end of the stream, and how long to read the last response before it. */
    private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long UNREAD_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Timers timers;
    private final ConnectionTimer timer;
    private boolean begun;
    private long until;

    /** @param timer the connection's, which has to call {@link #expired} */
    public Linger(Timers timers, ConnectionTimer timer) {
        this.timers = timers;
        this.timer = timer;
    }

    /** Of a connection that has no timer; {@link #cancel} once it is closed. */
    public Linger(Timers timers, Channel channel) {
        this.timers = timers;
        this.timer = new ConnectionTimer(timers, () -> expired(channel));
    }

    /** Whether nothing more is read, nor answered. */
    public boolean hasBegun() {
        return begun;
    }

    /** The connection ends, and there is nothing to wait for. */
    public void beginWithoutWaiting() {
        begun = true;
    }

    /** The last is about to be written. */
    public void begin() {
        begun = true;
        waitFor(UNREAD_NANOS);
    }

    /**
     * Ends the output, and closes once the client has.
     *
     * @param last the last that was written
     * @param parted whether the client knows, and has sent nothing that is unread
     */
    public void end(Channel channel, ChannelFuture last, boolean parted) {
        Tls.endOutput(channel, last).addListener(sent -> {
            if (!parted && shutOutput(channel, sent)) {
                waitFor(LINGER_NANOS);
            } else {
                channel.close();
            }
        });
    }

    /**
     * Ends the output of a connection that has a time of its own for the client to close, and reads on until then. One of
     * which the input cannot stay open is closed.
     *
     * @param last the last that was written
     */
    public static void endOutput(Channel channel, ChannelFuture last) {
        Tls.endOutput(channel, last).addListener(sent -> {
            if (!shutOutput(channel, sent)) {
                channel.close();
            }
        });
    }

    /** Whether the client has been told, and what it still sends is read. */
    private static boolean shutOutput(Channel channel, Future<?> sent) {
        if (sent.isSuccess() && channel instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
            channel.config().setAutoRead(true);
            return true;
        }
        return false;
    }

    private void waitFor(long nanos) {
        long now = timers.now();
        until = now + nanos;
        timer.by(until, now);
    }

    /** The timer has fired after it has begun. */
    public void expired(Channel channel) {
        long now = timers.now();
        if (now >= until) {
            channel.close();
        } else {
            timer.by(until, now);
        }
    }

    /** The connection is closed. */
    public void cancel() {
        timer.cancel();
    }
}
