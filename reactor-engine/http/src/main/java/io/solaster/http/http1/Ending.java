package io.solaster.http.http1;

import java.io.IOException;

import io.netty.channel.ChannelHandlerContext;
import io.solaster.engine.net.Linger;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;

/**
 * How a connection ends: behind the answers to what has come, since the client, the server or a response wants no more to
 * follow; or at once, where nothing can be answered. On the owning shard.
 */
final class Ending {
    private final HttpConnection connection;
    private final HttpShard shard;
    private final Intake intake;
    private final ExchangeQueue queue;
    private final Linger linger;
    private boolean closing;
    /** The client knows that the connection ends, and has sent no more than we have read. */
    private boolean parted;
    private boolean draining;
    /** The client has ended its side, and may still be answered. */
    private boolean halfClosed;

    /** @param linger the polite end, which has the timer of the connection's deadlines */
    Ending(HttpConnection connection, HttpShard shard, Intake intake, ExchangeQueue queue, Linger linger) {
        this.connection = connection;
        this.shard = shard;
        this.intake = intake;
        this.queue = queue;
        this.linger = linger;
    }

    /** Whether nothing more is read. */
    boolean isClosing() {
        return closing;
    }

    boolean isDraining() {
        return draining;
    }

    /** Whether the client has ended its side, and may still be answered. */
    boolean isHalfClosed() {
        return halfClosed;
    }

    /** Whether the last has been sent, or is about to be. */
    boolean hasBegun() {
        return linger.hasBegun();
    }

    /** Nothing more is read; the connection ends once what is under way is answered. */
    void afterThis() {
        closing = true;
    }

    /** A response has been written behind which this protocol sends no other. */
    void answeredLast(Exchange over) {
        closing = over.closes;
        parted = halfClosed || intake.receiving() == null && !((HeadDecoder) over.request().head()).isKeepAlive()
                && intake.isEmpty();
        dropRest(new IOException("the connection was closed with the response before this one"));
    }

    /** Sends the last of what was written, and closes, if it is time to. */
    boolean sendLast() {
        if (!closing || !queue.isEmpty() || linger.hasBegun()) {
            return false;
        }
        linger.begin();
        linger.end(connection.channel(), connection.output().flushLast(), parted);
        return true;
    }

    /** Closes at once; on some transports that takes until the next turn. */
    void die(Throwable cause) {
        closing = true;
        linger.beginWithoutWaiting();
        dropRest(cause);
        connection.channel().close();
    }

    /** The connection is closed. */
    void closed(IOException gone) {
        closing = true;
        linger.beginWithoutWaiting();
        Exchange receives = intake.receiving();
        dropRest(gone);
        if (receives != null) {
            receives.body().fail(gone);
        }
    }

    private void dropRest(Throwable cause) {
        intake.receiveNothing();
        queue.failAll(shard, cause);
    }

    /** The server drains: what has come by now is answered, and then the connection closes. */
    void drain(ChannelHandlerContext context) {
        if (!draining) {
            draining = true;
            queue.drain();
            TcpServer.afterLastRead(context, this::drained);
        }
    }

    private void drained() {
        if (!connection.isUpgraded() && !closing && queue.isEmpty() && connection.channel().isActive()) {
            closing = true;
            connection.flush();
        }
    }

    /** The client ends its side: what has come whole is answered, and then the connection closes. */
    void halfClose() {
        halfClosed = true;
        parted = true;
        if (intake.receiving() != null) {
            die(new IOException("the client has ended its side within a body"));
        } else {
            connection.resume();
        }
    }
}
