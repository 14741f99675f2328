package io.solaster.http.wire;

import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;
import io.solaster.engine.net.Tls;
import io.solaster.engine.timer.Timers;

/**
 * The polite end of a connection. Closing it with bytes unread would reset it, and destroy what the client has not read
 * yet: so what that still sends is read and dropped until it closes, too, or its time is up. On the owning shard.
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
            if (sent.isSuccess() && !parted && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
                channel.config().setAutoRead(true);
                waitFor(LINGER_NANOS);
            } else {
                channel.close();
            }
        });
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
}
